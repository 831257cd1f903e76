"""Records in the OSV format, written the way one would say them."""

from __future__ import annotations

import json
from typing import Any

from interlock.core.advisories.advisory import Advisory
from interlock.core.advisories.osv import decode_advisory

__all__ = ["advisory", "record"]


def record(name: str, package: str = "flask", *events: str, ecosystem: str = "PyPI", **more: Any) -> dict[str, Any]:
    """Events are said as ``introduced 0`` or ``fixed 2.0``; ``versions`` are those that are listed."""
    said = [dict([event.split(" ", 1)]) for event in events]
    entry: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": package}}
    if said:
        entry["ranges"] = [{"type": more.pop("type", "ECOSYSTEM"), "events": said}]
    if "versions" in more:
        entry["versions"] = more.pop("versions")
    return {"schema_version": "1.7.0", "id": name, "modified": "2026-11-02T00:00:00Z", "affected": [entry], **more}


def advisory(name: str, package: str = "flask", *events: str, **more: Any) -> Advisory:
    found = decode_advisory(json.dumps(record(name, package, *events, **more)).encode(), file="x.json")
    assert found is not None
    return found
