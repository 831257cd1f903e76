"""Which source trees a look at times and sizes tells everything of."""

from __future__ import annotations

from interlock.build.declared import Declared, read_declared
from interlock.build.digest import read_top
from interlock.build.revision import reads_revision
from interlock.build.source_tree import SourceTree
from interlock.workspace.members import Member

__all__ = ["declared_by_files"]


def declared_by_files(member: Member) -> Declared | None:
    """What a member's tree declares; None when what is built of it depends on more than its files. Blocking."""
    declared = read_declared(SourceTree(path=member.directory, name=member.name))
    if declared.cache_keys or reads_revision(declared.system, read_top(member.directory).files):
        return None
    return declared
