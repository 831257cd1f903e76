"""A name of an index means one address in all of a workspace."""

from __future__ import annotations

from collections.abc import Iterable

from interlock.core.manifests.manifest import Manifest, pinned_indexes
from interlock.core.sources.logins import redact, without_login
from interlock.core.sources.source import Index
from interlock.errors import ManifestError
from interlock.workspace.members import Member

__all__ = ["DuplicateIndex", "check_index_addresses"]


class DuplicateIndex(ManifestError):
    """Two manifests of a workspace give one name of an index two addresses."""

    code = "duplicate-index"


def check_index_addresses(root: Manifest, members: Iterable[Member]) -> None:
    """Refuse a name that means two indexes: where a member's packages come from would depend on another member.

    An index that a member pins nothing to does not count, and is told of elsewhere. Raises :class:`DuplicateIndex`.
    """
    known = {index.name: (index, "pyproject.toml") for index in root.settings.indexes}
    for member in members:
        if member.path == ".":
            continue
        pinned = pinned_indexes(member.manifest)
        for index in member.manifest.settings.indexes:
            if index.name not in pinned:
                continue
            other, file = known.setdefault(index.name, (index, member.file))
            if _place(other) != _place(index):
                raise DuplicateIndex(
                    f"The index `{index.name}` has two addresses: {redact(other.url)} in {file} and {redact(index.url)}"
                    f" in {member.file}.",
                    hint="Give one of them another name, there and in the sources that use it.",
                    facts={"index": index.name, "files": [file, member.file]},
                )


def _place(index: Index) -> str:
    return without_login(index.url).rstrip("/")
