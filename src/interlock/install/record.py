"""What is written beside an installed distribution: RECORD and direct_url.json (PEP 376, 627, 610)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlunsplit

import msgspec

from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.core.sources.addresses import parts_of
from interlock.core.sources.git_reference import read_reference
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Url

__all__ = ["digest_text", "direct_url", "hash_text", "read_record", "recorded_paths"]


def hash_text(content: bytes) -> str:
    """A hash as RECORD writes it, without the algorithm."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def digest_text(digest: str) -> bytes:
    """Content of our ``interlock.json``."""
    return msgspec.json.encode({"digest": digest}) + b"\n"


def read_record(path: str) -> str | None:
    """The text of an installed RECORD, or None when it cannot be read."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        if '"' in text:
            recorded_paths(text)
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    # No file has such a name, and no function of the system takes one.
    return None if "\0" in text else text


def recorded_paths(record: str) -> Iterable[str]:
    """The paths of a RECORD as written there."""
    if '"' not in record:
        # An installed environment has tens of thousands of these lines.
        return [line.partition(",")[0] for line in record.splitlines() if line]
    return [row[0] for row in csv.reader(io.StringIO(record)) if row and row[0]]


def direct_url(wanted: Wanted, *, root: str, members: Mapping[NormalizedName, str]) -> str:
    """``direct_url.json`` as canonical text, empty for a package from an index.

    ``root`` is the workspace's absolute path; ``members`` gives each member's path relative to it.
    """
    value = _direct(wanted, root, members)
    return "" if value is None else msgspec.json.encode(value, order="sorted").decode()


def _direct(wanted: Wanted, root: str, members: Mapping[NormalizedName, str]) -> dict[str, object] | None:
    source = wanted.source
    if isinstance(source, Registry):
        return None
    if isinstance(source, (Member, Directory)):
        path = members[source.name] if isinstance(source, Member) else source.path
        return {"url": _file_url(root, path), "dir_info": {"editable": True} if wanted.editable else {}}
    if isinstance(source, Git):
        vcs: dict[str, object] = {"vcs": "git", "commit_id": source.commit}
        reference = read_reference(source.reference)
        if reference is not None:
            vcs["requested_revision"] = reference.name
        if source.lfs:
            vcs["git_lfs"] = True
        value: dict[str, object] = {"url": _public(source.url, root), "vcs_info": vcs}
    else:
        hashes = {"sha256": wanted.artifact.sha256} if wanted.artifact is not None and wanted.artifact.sha256 else {}
        value = {
            "url": _file_url(root, source.path) if isinstance(source, File) else _public(source.url, root),
            "archive_info": {"hash": f"sha256={hashes['sha256']}", "hashes": hashes} if hashes else {},
        }
    if isinstance(source, (Git, Url, File)) and source.subdirectory:
        value["subdirectory"] = source.subdirectory
    return value


def _file_url(root: str, path: str) -> str:
    absolute = os.path.normpath(os.path.join(root, path)).replace(os.sep, "/")
    return "file://" + quote(absolute if absolute.startswith("/") else "/" + absolute)


def _public(url: str, root: str) -> str:
    """A URL as others may see it: without credentials (PEP 610), and without a fragment, which is ours."""
    if "://" not in url:
        if url.startswith(".") or "@" not in url:
            return _file_url(root, url)
        return url
    parts = parts_of(url)
    user, at, host = parts.netloc.rpartition("@")
    # "git" is the well-known public user of ssh hosts, and the URL does not work without it.
    kept = f"{user}@" if at and user == "git" else ""
    return urlunsplit((parts.scheme, kept + host, parts.path, parts.query, ""))
