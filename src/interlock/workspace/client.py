"""The index client of a command, as its settings say."""

from __future__ import annotations

from collections.abc import Mapping

from interlock.index.auth import CredentialSources
from interlock.index.client import ClientOptions, IndexClient
from interlock.index.fetcher import FetchOptions
from interlock.index.retry import RetryPolicy
from interlock.index.transport import open_fetcher
from interlock.workspace.context import Context
from interlock.workspace.keyring import open_keyring

__all__ = ["open_client"]


def open_client(context: Context) -> IndexClient:
    """Make a client; nothing connects before the first request. Who asks closes it."""
    settings, environ = context.settings, context.environ
    fetcher = open_fetcher(
        FetchOptions(
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
    )
    return IndexClient(
        settings.indexes,
        options=ClientOptions(
            now=context.now.timestamp(),
            offline=settings.offline,
            strategy=settings.index_strategy,
            retry=RetryPolicy(retries=settings.http_retries),
            per_host=settings.concurrent_downloads,
            processors=context.around.processors,
        ),
        fetcher=fetcher,
        layout=context.layout,
        credentials=CredentialSources(
            named=settings.credentials,
            netrc=settings.netrc,
            keyring=open_keyring(settings.keyring_provider, environ),
        ),
        reporter=context.reporter,
    )


def _proxy(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""
