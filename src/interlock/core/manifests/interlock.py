"""The tool table of our own, ``[tool.interlock]``: the keys of ``[tool.uv]`` by the same names, and ours."""

from __future__ import annotations

from interlock.core.manifests.table import Table
from interlock.core.manifests.uv import HONOURED

__all__ = ["check_keys", "kept_keys"]

_OURS = frozenset({"audit", "cache", "catalog", "env", "default-index", "service"})
_KEPT = frozenset({"affected", "build", "imports", "internal-bounds", "publish", "tasks", "version"})
"""Read by later commands; kept as written."""
_INNER = {
    "affected": ("ignore", "everyone"),
    "build": ("source-date-epoch",),
    "imports": ("ignore",),
    "version": ("groups", "dependents"),
}
"""The keys of kept tables; their values are judged by who reads them."""


def check_keys(table: Table) -> None:
    """A key we do not know in our own table is a mistake."""
    table.only(HONOURED | _OURS | _KEPT)
    table.flag("publish")
    for key, known in _INNER.items():
        inner = table.table(key)
        if inner is not None:
            inner.only(known)
    imports = table.table("imports")
    if imports is not None:
        imports.names("ignore")


def kept_keys(table: Table) -> dict[str, object]:
    return {key: value for key, value in table.values.items() if key in _KEPT}
