"""The default index, and what pip's configuration says about indexes."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as ConfigError
from importlib import import_module

from interlock.core.sources import Index

__all__ = ["default_index_url", "index_from_pip_conf"]


def default_index_url() -> str:
    """The simple API of PyPI.

    packageurl's table of repositories knows the address, so that it is written nowhere in this project. Imported by
    name when asked for: most runs have a configured index or a cached answer and need neither.
    """
    table = import_module("packageurl.validate")
    return f"{table.PypiTypeDefinition.default_repository_url.rstrip('/')}/simple/"


def index_from_pip_conf(text: str) -> tuple[Index, ...]:
    """The indexes of a pip.conf: extra ones first, the default one last, as pip's names give no other order."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except ConfigError:
        return ()
    section = parser["global"] if parser.has_section("global") else {}
    extra = section.get("extra-index-url", "").split()
    links = section.get("find-links", "").split()
    found = [Index(name=f"find-links-{number}", url=url, flat=True) for number, url in enumerate(links, 1)]
    found += [Index(name=f"extra-{number}", url=url) for number, url in enumerate(extra, 1)]
    main = section.get("index-url", "").strip()
    if main:
        found.append(Index(name="pypi", url=main, default=True))
    return tuple(found)
