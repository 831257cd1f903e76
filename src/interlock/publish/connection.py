"""The connection to an upload address: TLS as asked, proxies, no redirects."""

from __future__ import annotations

import ssl

import httpx

from interlock.core.sources.addresses import parts_of
from interlock.index.certificates import read_certificates
from interlock.index.fetcher import FetchOptions

__all__ = ["open_client"]


def open_client(options: FetchOptions, url: str) -> httpx.AsyncClient:
    """A client for one host. Raises OSError for certificates that cannot be read."""
    context = httpx.create_ssl_context(trust_env=False)
    trusted = read_certificates(options.ca_bundle)
    if trusted:
        context.load_verify_locations(cadata=b"".join(trusted).decode("ascii", "replace"))
    if options.client_cert:
        context.load_cert_chain(options.client_cert)
    parts = parts_of(url)
    if {parts.netloc.rpartition("@")[2], parts.hostname} & set(options.insecure_hosts):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    excepted = {name.strip().lstrip(".") for name in options.no_proxy.split(",") if name.strip()}
    host = parts.hostname or ""
    direct = "*" in excepted or any(host == name or host.endswith(f".{name}") for name in excepted)
    proxy = options.https_proxy if parts.scheme == "https" else options.http_proxy
    return httpx.AsyncClient(
        timeout=httpx.Timeout(options.read_timeout, connect=options.connect_timeout, pool=None),
        headers={"user-agent": options.user_agent},
        verify=context,
        trust_env=False,
        follow_redirects=False,
        proxy=proxy if proxy and not direct else None,
    )
