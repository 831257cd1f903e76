"""What ``publish`` can be asked for and what it answers, as values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import msgspec

from interlock.core.names import NormalizedName
from interlock.errors import InterlockError
from interlock.workspace.selection import SelectionFlags

__all__ = [
    "TRUSTED",
    "FileStatus",
    "MemberStatus",
    "PublishReport",
    "PublishRequest",
    "PublishedFile",
    "PublishedMember",
    "Trusted",
]

Trusted = Literal["automatic", "always", "never"]
"""Whether the identity of the CI is used to publish."""
TRUSTED: tuple[Trusted, ...] = get_args(Trusted)


class PublishRequest(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    unpublished: bool = False
    """Leave members out whose version is on the index."""
    build: bool = False
    """Build what is selected first."""
    dist_dir: str = ""
    """Relative to the working directory; empty: ``dist`` at the workspace's root."""
    repository: str = ""
    """Name of an index with a ``publish-url``."""
    publish_url: str = ""
    check_url: str | None = None
    """Simple API to look at what is there; None: the one that belongs to the repository, empty: do not look."""
    user: str = ""
    password: str = ""
    token: str = ""
    trusted: Trusted = "automatic"
    attestations: bool = True
    """Upload attestations that lie beside the files."""
    attest: bool = False
    """Make them."""
    skip_existing: bool = False
    """A file of the same name with other content is left alone instead of being an error."""
    resume: bool = False
    """Go on where an interrupted run stopped, by its state file."""
    dry_run: bool = False
    wait: float = 300.0
    """Seconds the index may take to show a file before its dependents are given up."""
    cert: str = ""
    client_cert: str = ""


FileStatus = Literal["uploaded", "present", "skipped", "planned"]
MemberStatus = Literal["published", "present", "planned", "failed", "held-back"]


class PublishedFile(msgspec.Struct, frozen=True, kw_only=True):
    file: Path
    sha256: str
    status: FileStatus


class PublishedMember(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    version: str
    status: MemberStatus
    needs: tuple[NormalizedName, ...] = ()
    """Members that were published before it."""
    files: tuple[PublishedFile, ...] = ()
    error: InterlockError | None = None


class PublishReport(msgspec.Struct, frozen=True, kw_only=True):
    repository: str
    """Address, without credentials."""
    members: tuple[PublishedMember, ...]
    """In the order of the graph."""
    left_out: dict[NormalizedName, str] = {}
    """Members that are not for publishing, with the reason."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return all(member.error is None for member in self.members)
