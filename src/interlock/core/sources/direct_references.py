"""Direct references: the sources that URLs and paths mean (PEP 440, "Direct references"; PEP 508)."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlunsplit

from interlock.core.sources.addresses import BadAddress, address_problem, parts_of, read_address
from interlock.core.sources.git_reference import GitReference
from interlock.core.sources.hashes import in_fragment
from interlock.core.sources.source import Directory, File, Git, Source, Url

__all__ = ["is_archive", "is_fetchable", "join_path", "local_path", "parse_url_source", "without_credentials"]

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tar")


def join_path(base: str, relative: str) -> str:
    """A path written in a manifest of the directory ``base``, relative to the workspace root.

    >>> join_path("packages/a", "../b/")
    'packages/b'
    """
    return posixpath.normpath(posixpath.join(base, relative.replace("\\", "/")))


def is_archive(path: str) -> bool:
    """Whether a path or URL names a file that holds a package, judged by its suffix."""
    return path.lower().endswith(_ARCHIVES)


def without_credentials(url: str) -> str:
    """The URL without user and password; the user of an SSH URL is part of the address and stays."""
    if "@" not in url or address_problem(url):
        return url
    parts = parts_of(url)
    if "@" not in parts.netloc:
        return url
    user, _, host = parts.netloc.rpartition("@")
    if parts.scheme.endswith("ssh"):
        host = f"{user.partition(':')[0]}@{host}"
    return urlunsplit(parts._replace(netloc=host))


def is_fetchable(url: str) -> bool:
    """Whether a file could be got from a URL."""
    try:
        parts = read_address(url.replace(" ", "%20") if url.startswith("file:") else url)
    except BadAddress:
        return False
    return parts.scheme in {"http", "https", "file"}


def parse_url_source(url: str, base: str) -> Source:
    """The source that the URL of a direct reference (``name @ url``) means."""
    address, _, fragment = url.partition("#")
    subdirectory = next((part[13:] for part in fragment.split("&") if part.startswith("subdirectory=")), "")
    hashes = in_fragment(fragment)
    if address.startswith("git+"):
        address = without_credentials(address[4:])
        head, at, reference = address.rpartition("@")
        if at and "/" in head.partition("://")[2] and not reference.startswith("/"):
            return Git(url=head, reference=str(GitReference("rev", reference)), subdirectory=subdirectory)
        return Git(url=address, subdirectory=subdirectory)
    local = local_path(address)
    if local is not None:
        path = join_path(base, local)
        if is_archive(path):
            return File(path=path, subdirectory=subdirectory, hashes=hashes)
        return Directory(path=path)
    return Url(url=without_credentials(address), subdirectory=subdirectory, hashes=hashes)


def local_path(address: str) -> str | None:
    """The path that an address means, or None when it is on another machine."""
    if address.startswith("file:"):
        rest = address[5:]
        if rest.startswith("//"):
            host, slash, below = rest[2:].partition("/")
            if host in {"${PROJECT_ROOT}", "$%7BPROJECT_ROOT%7D"}:
                return unquote(below)
            rest = slash + below
        rest = unquote(rest)
        return rest.removeprefix("/${PROJECT_ROOT}/") if rest.startswith("/${PROJECT_ROOT}/") else rest
    return address if "://" not in address else None
