"""The configuration of indexes as the proxy has it."""

from __future__ import annotations

from msgspec.structs import replace

from interlock.core.sources.source import Index
from interlock.index.defaults import default_index_url
from interlock.means import Means
from interlock.service.proxy.options import Origin, ProxiedIndex, ProxyOptions
from interlock.service.server.configuration import Configuration, ServedIndex
from interlock.service.state.data_folder import DataFolder
from interlock.toolchain.client import fetch_options

__all__ = ["proxy_options"]


def proxy_options(configuration: Configuration, folder: DataFolder, means: Means) -> ProxyOptions:
    """The network is used as the command's settings say, with less patience: an old answer in time is better."""
    usual = ProxyOptions(indexes=())
    patience = usual.fetch
    fetch = fetch_options(means)
    return replace(
        usual,
        indexes=tuple(_proxied(index, configuration) for index in configuration.indexes),
        credentials={
            index.name: (index.login.username, index.login.password)
            for index in configuration.indexes
            if index.login is not None
        },
        own_packages=folder.packages,
        hosts=configuration.file_hosts,
        offline=means.settings.offline,
        per_host=means.settings.concurrent_downloads,
        upload_size=configuration.limits.max_upload_bytes,
        fetch=replace(
            fetch,
            connect_timeout=min(fetch.connect_timeout, patience.connect_timeout),
            read_timeout=min(fetch.read_timeout, patience.read_timeout),
        ),
    )


def _proxied(index: ServedIndex, configuration: Configuration) -> ProxiedIndex:
    named = {one.name: one for one in configuration.indexes}
    places = [index] if not index.includes and (index.url or not index.uploads) else []
    places += [named[name] for name in index.includes]
    return ProxiedIndex(
        name=index.name,
        origins=tuple(_origin(place) for place in places),
        takes_uploads=index.uploads,
        own_names=index.reserved if index.uploads else (),
    )


def _origin(index: ServedIndex) -> Origin:
    address = Index(name=index.name, url=index.url or default_index_url())
    return Origin(index=address, names=() if index.uploads else index.reserved)
