"""The default index."""

from __future__ import annotations

from importlib import import_module

__all__ = ["default_index_url"]


def default_index_url() -> str:
    """The simple API of PyPI.

    packageurl's table of repositories knows the address, so that it is written nowhere in this project. Imported by
    name when asked for: most runs have a configured index or a cached answer and need neither.
    """
    table = import_module("packageurl.validate")
    return f"{table.PypiTypeDefinition.default_repository_url.rstrip('/')}/simple/"
