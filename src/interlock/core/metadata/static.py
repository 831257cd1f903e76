"""Writing down in an sdist what a backend computes, so that it is not computed anew (PEP 621 ``dynamic``, PEP 643)."""

from __future__ import annotations

from interlock.core.metadata.by_extra import requirements_by_extra
from interlock.core.metadata.metadata import Metadata
from interlock.core.requirements.requirement import format_requirement
from interlock.core.toml.document import TomlDocument, format_value

__all__ = ["COMPUTED", "settle_manifest", "settle_metadata"]

COMPUTED = frozenset({"dependencies", "optional-dependencies"})
"""Fields of ``[project]`` that become ``Requires-Dist``."""
_FIELDS = (b"requires-dist", b"provides-extra")


def settle_manifest(data: bytes, metadata: Metadata) -> bytes:
    """A ``pyproject.toml`` with the requirements of the metadata where it left them to its backend."""
    document = TomlDocument(data, "pyproject.toml")
    dynamic = document.get(("project", "dynamic"))
    computed = [field for field in dynamic if field in COMPUTED] if isinstance(dynamic, list) else []
    if not isinstance(dynamic, list) or not computed:
        return data
    plain, extras = requirements_by_extra(metadata)
    if "dependencies" in computed:
        document.set(("project", "dependencies"), format_value([format_requirement(item) for item in plain]))
    if "optional-dependencies" in computed:
        tables = {extra: [format_requirement(item) for item in found] for extra, found in extras.items()}
        document.set(("project", "optional-dependencies"), format_value(tables))
    document.set(("project", "dynamic"), format_value([field for field in dynamic if field not in computed]))
    return document.data


def settle_metadata(data: bytes) -> bytes:
    """A PKG-INFO that no longer says that its requirements may be others in a wheel."""
    end = min((place for blank in (b"\n\n", b"\n\r\n") if (place := data.find(blank)) >= 0), default=len(data))
    kept = [line for line in data[:end].split(b"\n") if not _is_dynamic(line)]
    return b"\n".join(kept) + data[end:]


def _is_dynamic(line: bytes) -> bool:
    name, _, value = line.partition(b":")
    return name.strip().lower() == b"dynamic" and value.strip().lower() in _FIELDS
