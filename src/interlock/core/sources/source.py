"""Sources: where a package comes from.

A tagged union; each value is complete and canonical, so two packages come from the same place exactly when their
sources are equal. None of them ever holds credentials or an absolute path of this machine.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from interlock.core.names import NormalizedName

__all__ = ["Directory", "File", "Git", "Index", "Member", "Registry", "Source", "Url"]


class Registry(msgspec.Struct, frozen=True, tag="registry", omit_defaults=True):
    """An index, by its name in the configuration (``pypi`` for the default one)."""

    index: str


class Git(msgspec.Struct, frozen=True, tag="git", kw_only=True, omit_defaults=True):
    """A git repository. ``commit`` is empty until the reference has been resolved."""

    url: str
    """Without credentials and without a ``git+`` prefix; a repository of this machine is a relative POSIX path."""
    reference: str = ""
    """What the user wrote: ``branch:main``, ``tag:v1``, ``rev:abc``, or empty for the default branch."""
    commit: str = ""
    """40 hexadecimal digits."""
    also: tuple[str, ...] = ()
    """Other references that were asked for beside it and mean the same commit, sorted."""
    subdirectory: str = ""
    lfs: bool = False
    """Whether files kept by git-lfs are fetched; otherwise their pointers are what is built."""

    @property
    def references(self) -> tuple[str, ...]:
        """All that this source was asked for by."""
        return (self.reference, *self.also)

    @property
    def identity(self) -> str:
        """What names the tree, so that a build of it is known again."""
        return f"{self.commit}:{self.subdirectory}{':lfs' if self.lfs else ''}"


class Url(msgspec.Struct, frozen=True, tag="url", omit_defaults=True):
    """One archive at a URL."""

    url: str
    subdirectory: str = ""
    hashes: str = ""
    """What is asked of the archive (:mod:`interlock.core.sources.hashes`); empty once it was seen to have them."""


class File(msgspec.Struct, frozen=True, tag="file", omit_defaults=True):
    """One archive on disk; ``path`` is POSIX, relative to the workspace root."""

    path: str
    subdirectory: str = ""
    hashes: str = ""
    """As those of a :class:`Url`."""


class Directory(msgspec.Struct, frozen=True, tag="directory", omit_defaults=True):
    """A source tree that is not a member; ``path`` is POSIX, relative to the workspace root."""

    path: str
    editable: bool = False


class Member(msgspec.Struct, frozen=True, tag="member", omit_defaults=True):
    """A member of this workspace."""

    name: NormalizedName


Source = Registry | Git | Url | File | Directory | Member


class Index(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A configured index. Credentials come by its name from the environment, netrc or a keyring, not with the URL."""

    name: str
    url: str
    explicit: bool = False
    """Only consulted for packages pinned to it."""
    default: bool = False
    """Replaces the public index; consulted last."""
    flat: bool = False
    """A page or directory that lists files directly (``--find-links``), not a simple repository."""
    authenticate: Literal["auto", "always", "never"] = "auto"
    ignore_error_codes: tuple[int, ...] = ()
    publish_url: str = ""
    """Where files are uploaded to, empty when this index takes none."""
