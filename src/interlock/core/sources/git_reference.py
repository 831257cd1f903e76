"""Git references: the branch, tag or revision that a source asks for.

As text, in locks and in what is told as data: ``branch:main``, ``tag:v1`` or ``rev:abc``; empty for the default branch.
It is written and read here alone.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

__all__ = ["KINDS", "GitReference", "ReferenceKind", "read_reference"]

ReferenceKind = Literal["branch", "tag", "rev"]
KINDS: tuple[ReferenceKind, ...] = get_args(ReferenceKind)


class GitReference(NamedTuple):
    kind: ReferenceKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def read_reference(text: str) -> GitReference | None:
    """None for the default branch, and for what is no reference.

    >>> read_reference("tag:v1:2")
    GitReference(kind='tag', name='v1:2')
    >>> read_reference("") is read_reference("main") is read_reference("tag:") is None
    True
    """
    said, _, name = text.partition(":")
    return next((GitReference(kind, name) for kind in KINDS if kind == said and name), None)
