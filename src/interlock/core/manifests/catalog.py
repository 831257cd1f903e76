"""``[tool.interlock.catalog]``: ranges that many members share, written once.

::

    [tool.interlock.catalog]          # in the root
    httpx = ">=0.27,<1"

    [tool.interlock.catalog.legacy]   # a catalog of its own, by name
    django = ">=4.2,<5"

    [tool.interlock]                  # in a member, whose dependencies say `httpx`, no more
    catalog = true                    # or ["httpx"], "legacy", { django = "legacy" }

A member's manifest stays valid for everybody (PEP 621): a bare name asks for any version. What asks for a range of its
own, a URL or a git repository takes nothing from a catalog.
"""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier

from interlock.core.manifests.manifest import CatalogTable
from interlock.core.manifests.table import Table
from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.versions.version_list import parse_specifier

__all__ = ["parse_catalog"]

_KEY = "catalog"


def parse_catalog(table: Table, path: str) -> CatalogTable:
    """What the manifest in the directory ``path`` says: a table of the root has ranges, anything else takes some."""
    value = table.values.get(_KEY) if table.where[-1:] == ("interlock",) else None
    if value is None or value is False:
        return CatalogTable()
    if value is True:
        return CatalogTable(every=True)
    if isinstance(value, str):
        return CatalogTable(every=True, named=value)
    if isinstance(value, list):
        return CatalogTable(names=dict.fromkeys(table.names(_KEY), ""))
    inner = table.table(_KEY)
    if inner is None:
        return CatalogTable()
    if path == ".":
        return CatalogTable(ranges=_ranges(inner))
    return CatalogTable(names={name: "" if text == "default" else text for name, text in _texts(inner).items()})


def _ranges(table: Table) -> dict[str, dict[NormalizedName, str]]:
    """The ranges by catalog; the one without a name is called nothing."""
    found: dict[str, dict[NormalizedName, str]] = {"": {}}
    for key, value in table.values.items():
        if isinstance(value, dict):
            inner = table.table(key)
            assert inner is not None
            found[key] = {name: text for name in _texts(inner) if (text := _specifier(inner, name))}
        else:
            name = _name(table, key)
            text = _specifier(table, key) if name else ""
            if name and text:
                found[""][name] = text
    return found


def _texts(table: Table) -> dict[NormalizedName, str]:
    found: dict[NormalizedName, str] = {}
    for key in table.values:
        name, text = _name(table, key), table.text(key)
        if name and text is not None:
            found[name] = text
    return found


def _name(table: Table, key: str) -> NormalizedName | None:
    if is_name(key):
        return normalize_name(key)
    table.problem(key, "is not a package name.", near=key)
    return None


def _specifier(table: Table, key: str) -> str:
    written = next((name for name in table.values if name == key or normalize_name(name) == key), key)
    text = table.text(written) or ""
    try:
        found = ",".join(sorted(str(clause) for clause in parse_specifier(text)))
    except InvalidSpecifier:
        found = ""
    if not found:
        table.problem(written, f"has `{text}`, which is no range of versions such as `>=1.2,<2`.", near=text)
    return found
