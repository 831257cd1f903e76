"""How a command gets at its indexes, as its settings say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interlock.core.sources.source import Index
from interlock.index.auth import CredentialSources
from interlock.index.fetcher import FetchOptions
from interlock.index.retry import RetryPolicy
from interlock.index.transport import open_fetcher
from interlock.index.upstream import Upstream, UpstreamOptions
from interlock.index.view import View, ViewOptions
from interlock.means import Means
from interlock.toolchain.keyring import open_keyring

__all__ = ["fetch_options", "open_upstream", "open_view"]


def fetch_options(means: Means) -> FetchOptions:
    """How a command connects, to whomever."""
    settings, environ = means.settings, means.environ
    return FetchOptions(
        connect_timeout=min(settings.http_timeout, 10.0),
        read_timeout=settings.http_timeout,
        slowest=settings.limits.slowest,
        ca_bundle=settings.ca_bundle,
        client_cert=settings.client_cert,
        insecure_hosts=settings.insecure_hosts,
        http_proxy=_proxy(environ, "http_proxy"),
        https_proxy=_proxy(environ, "https_proxy"),
        no_proxy=_proxy(environ, "no_proxy"),
    )


def open_upstream(means: Means) -> Upstream:
    """Nothing connects before the first request. Who asks closes it."""
    settings, environ = means.settings, means.environ
    return Upstream(
        fetcher=open_fetcher(fetch_options(means)),
        layout=means.layout,
        options=UpstreamOptions(
            offline=settings.offline,
            retry=RetryPolicy(retries=settings.http_retries),
            per_host=settings.concurrent_downloads,
            processors=means.processors,
        ),
        credentials=CredentialSources(
            named=settings.credentials,
            netrc=settings.netrc,
            keyring=open_keyring(settings.keyring_provider, environ),
        ),
    )


def open_view(means: Means, upstream: Upstream, pinned: Sequence[Index] = ()) -> View:
    """The indexes of a command, in its order, at its time; ``pinned`` are asked only for what is pinned to them."""
    options = ViewOptions(now=means.now.timestamp(), strategy=means.settings.resolving.index_strategy)
    return View(upstream, means.settings.resolving.indexes, options=options, pinned=pinned, reporter=means.reporter)


def _proxy(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""
