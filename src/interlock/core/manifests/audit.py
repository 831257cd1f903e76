"""``[tool.interlock.audit]``: the advisories that a workspace is judged by, and what it lives with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from interlock.core.manifests.manifest import AuditExcuse, AuditTable
from interlock.core.manifests.table import Table
from interlock.core.names import NormalizedName, is_name, normalize_name

__all__ = ["parse_audit", "read_day"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def parse_audit(table: Table) -> AuditTable:
    inner = table.table("audit")
    if inner is None:
        return AuditTable()
    inner.only(("advisories", "ignore"))
    return AuditTable(advisories=inner.texts("advisories", single=True), ignore=tuple(_excuses(inner)))


def _excuses(table: Table) -> Iterator[AuditExcuse]:
    for entry in table.tables("ignore"):
        entry.only(("id", "package", "reason", "until"))
        name = entry.text("id") or ""
        if not _NAME.fullmatch(name):
            table.problem("ignore", 'has an entry without `id = "..."`, the name of an advisory or one of its aliases.')
            continue
        package = entry.text("package")
        if package is not None and not is_name(package):
            table.problem("ignore", f"has `{package}`, which is not a package name.", near=package)
            continue
        reason = (entry.text("reason") or "").strip()
        until = read_day(entry, "until", near=name)
        if not reason:
            table.problem("ignore", f"does not say the `reason` for {name}.", near=name)
        elif until:
            yield AuditExcuse(
                id=name,
                package=normalize_name(package) if package is not None else NormalizedName(""),
                reason=reason,
                until=until,
            )


def read_day(table: Table, key: str, *, near: str) -> str:
    """A day that a rule ends with, ``YYYY-MM-DD``, in quotes or as TOML's own date; empty after noting what is wrong.

    What is not kept up must not hold for ever, so it has to be there.
    """
    value = table.values.get(key)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    written = "has no" if value is None else f"has `{value}` as"
    table.problem(key, f"of {near} {written} day; write the last one it holds for: 2027-01-31.", near=near)
    return ""
