"""The digest of a build's inputs: what went in decides whether a stored result may be used again.

In doubt the digest covers more: every file of the source tree with its executable bit, except version control, caches
of interpreters, environments and what builds leave behind; and the files above it that say what is ignored. Times never
count, so a copied or touched tree has the same
digest. Hashes of files are remembered by what ``stat`` says (``workspaces-v1/files-<key>``), so that an unchanged tree
is walked but not read.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.build.failures import InvalidSourceTree
from interlock.store.layout import Bucket, CacheUnusable, Layout

__all__ = [
    "DESCRIPTION",
    "IGNORES_ALL",
    "FileHashes",
    "Top",
    "build_digest",
    "deciding_places",
    "description_digest",
    "read_top",
    "read_tree",
    "tree_digest",
]

_SKIPPED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".bzr",
        "_darcs",
        "CVS",
        "__pycache__",
        ".venv",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".interlock",
        ".pdm-build",
        "node_modules",
    }
)
_BUILD_OUTPUT = ("lib.", "bdist.", "temp.", "scripts-", "__editable__.")
_DIST_OUTPUT = (".whl", ".tar.gz", ".zip", ".gitignore", ".attestation", ".interlock-part", ".interlock-publish.json")
IGNORES_ALL = b"*"
"""What is in the ``.gitignore`` of a folder that nobody is to take for sources."""
_UPWARDS = re.compile(rb"(?<![\w./\\-])\.\./[\w./@+-]*")
_YOUNG = 2_000_000_000
"""A file changed within the last moments before it was hashed may change again without its time moving on."""


class _Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    size: int
    mtime: int
    inode: int
    changed: int
    sha256: bytes


_DECODER = msgspec.msgpack.Decoder(dict[str, _Seen])


class FileHashes:
    """SHA-256 of the files below one tree, remembered between runs by size, times and inode."""

    def __init__(self, layout: Layout, tree: Path) -> None:
        key = hashlib.sha256(os.fsencode(os.path.abspath(tree))).hexdigest()[:32]
        self._layout = layout
        self._path = layout.bucket(Bucket.WORKSPACES) / f"files-{key}"
        self._known = self._load()
        self._now: dict[str, _Seen] = {}
        self.read = 0
        """Files whose content had to be read."""

    def _load(self) -> dict[str, _Seen]:
        data = self._layout.read(self._path)
        try:
            return _DECODER.decode(data) if data is not None else {}
        except msgspec.MsgspecError:
            return {}

    def hash(self, name: str, path: str, status: os.stat_result) -> bytes:
        seen = self._known.get(name)
        facts = (status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)
        if seen is None or (seen.size, seen.mtime, seen.inode, seen.changed) != facts:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            self.read += 1
            seen = _Seen(*facts, digest)
        self._now[name] = seen
        return seen.sha256

    @property
    def changed(self) -> bool:
        return self.read > 0 or self._now.keys() != self._known.keys()

    def save(self, now: int) -> None:
        """Write what was learned; ``now`` (nanoseconds) is by the file system's own clock."""
        # ctime cannot be set back by a user, so equal stats mean equal content, except within one tick of the clock.
        safe = {name: seen for name, seen in self._now.items() if seen.changed < now - _YOUNG}
        if safe != self._known:
            self._layout.remember(self._path, msgspec.msgpack.encode(safe))


def read_tree(tree: Path, looked: list[str] | None = None) -> Iterator[tuple[str, str, os.stat_result]]:
    """The files that may go into a build: relative POSIX path, path, status. Links are yielded as they are, and those
    to a folder elsewhere are followed too. Not sorted.

    ``looked`` gets the folders that were looked into, those which are but output of builds among them.
    """
    top = os.path.realpath(tree)
    pending = [("", os.fspath(tree))]
    followed = {top}
    seen = looked if looked is not None else []
    while pending:
        prefix, folder = pending.pop()
        seen.append(folder)
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name in _SKIPPED or name.endswith((".pyc", ".egg-info")):
                    continue
                if entry.is_symlink():
                    yield f"{prefix}{name}", entry.path, entry.stat(follow_symlinks=False)
                    real = os.path.realpath(entry.path)
                    if real in followed or real.startswith(os.path.join(top, "")) or not entry.is_dir():
                        continue
                    if top.startswith(os.path.join(real, "")):
                        continue
                    followed.add(real)
                    pending.append((f"{prefix}{name}/", entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    if _is_output(name, entry.path, top=not prefix):
                        seen.append(entry.path)
                    else:
                        pending.append((f"{prefix}{name}/", entry.path))
                else:
                    yield f"{prefix}{name}", entry.path, entry.stat(follow_symlinks=False)


def _is_output(name: str, path: str, *, top: bool) -> bool:
    """Whether a folder is what builds leave behind, judged by what is in it: a package may be called ``build`` too."""
    if os.path.exists(os.path.join(path, "CACHEDIR.TAG")) or _ignores_all(os.path.join(path, ".gitignore")):
        # cargo's, a cache of ours, and whatever else declares itself to be no part of the sources.
        return True
    if name in {"venv", "env"}:
        return os.path.exists(os.path.join(path, "pyvenv.cfg"))
    if top and name == "build":
        return all(entry == "lib" or entry.startswith(_BUILD_OUTPUT) for entry in os.listdir(path))
    return top and name == "dist" and all(entry.endswith(_DIST_OUTPUT) for entry in os.listdir(path))


def _ignores_all(file: str) -> bool:
    try:
        with open(file, "rb", buffering=0) as opened:
            return opened.read(8).strip() == IGNORES_ALL
    except OSError:
        return False


def tree_digest(layout: Layout, tree: Path) -> str:
    """The digest of a source tree's content; blocking, meant for a worker thread. Raises :class:`InvalidSourceTree`."""
    hashes = FileHashes(layout, tree)
    lines: list[tuple[str, bytes]] = []
    try:
        for name, path, status in read_tree(tree):
            lines.append((name, _line(hashes, name, path, status)))
        for outside in (*_outside(tree), *_ignoring(tree)):
            if outside.is_file():
                name = f"{os.path.relpath(outside, tree)}"
                lines.append((name, _line(hashes, name, os.fspath(outside), outside.stat())))
            elif outside.is_dir():
                for name, path, status in read_tree(outside):
                    name = f"{os.path.relpath(outside, tree)}/{name}"
                    lines.append((name, _line(hashes, name, path, status)))
    except OSError as error:
        raise InvalidSourceTree(f"The source tree {tree} cannot be read: {error}.") from error
    if hashes.changed:
        with suppress(CacheUnusable):
            hashes.save(_clock(layout))
    return _digest(part for name, line in sorted(lines) for part in (os.fsencode(name), line))


def deciding_places(tree: Path) -> list[str]:
    """Files and folders, some of them not there: while ``stat`` says the same of them, :func:`tree_digest` does.

    Blocking. Raises :class:`OSError`.
    """
    looked: list[str] = []
    outside = _outside(tree)
    places = (tree, *(path for path in outside if path.is_dir()))
    files = [path for place in places for _, path, _ in read_tree(place, looked)]
    beside = map(os.fspath, (*outside, *_ignoring(tree)))
    # Where the repository begins decides how far up files are looked for that say what is ignored.
    repositories = (f"{folder}/.git/HEAD" for folder in Path(os.path.realpath(tree)).parents)
    return [*looked, *files, *beside, *repositories]


DESCRIPTION = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "hatch.toml",
    "hatch_build.py",
    "MANIFEST.in",
    "CMakeLists.txt",
)


class Top(msgspec.Struct, frozen=True, kw_only=True):
    """What lies at the top of a tree, read once for all who ask."""

    files: dict[str, bytes]
    """Files that steer a build: those of :data:`DESCRIPTION` and Python's."""
    folders: list[str]
    """Sorted."""


def read_top(tree: Path) -> Top:
    """Look at the top of a tree; what cannot be read counts as not there. Blocking."""
    folders, scripts = _top_names(os.fspath(tree))
    files: dict[str, bytes] = {}
    # Not only names that were listed: there are file systems where a file has its name in any case of letters.
    for name in dict.fromkeys((*DESCRIPTION, *scripts)):
        with suppress(OSError), open(f"{tree}/{name}", "rb", buffering=0) as file:
            files[name] = file.read()
    return Top(files=files, folders=folders)


def _top_names(folder: str) -> tuple[list[str], list[str]]:
    """The folders that a backend may take for packages, and the Python files; both sorted."""
    folders: list[str] = []
    scripts: list[str] = []
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(".py"):
                scripts.append(name)
            if name not in _SKIPPED and not name.endswith(".egg-info") and entry.is_dir():
                folders.append(name)
    return sorted(folders), sorted(scripts)


def description_digest(tree: Path, top: Top) -> str:
    """The digest of the files that describe a project, and of which folders lie where a backend looks for packages.

    Enough for an editable wheel of a project whose metadata is static; blocking.
    """
    lines: list[bytes] = []
    for name in DESCRIPTION:
        if name in top.files:
            lines += (name.encode(), hashlib.sha256(top.files[name]).digest())
    lines += (b".", *(os.fsencode(name) for name in top.folders))
    if "src" in top.folders:
        lines += (b"src", *(os.fsencode(name) for name in _top_names(f"{tree}/src")[0]))
    return _digest(b"%d %b" % (len(line), line) for line in lines)


def _line(hashes: FileHashes, name: str, path: str, status: os.stat_result) -> bytes:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return (b"exec " if mode & 0o100 else b"file ") + hashes.hash(name, path, status)
    if not stat.S_ISLNK(mode):
        # Sockets, pipes and devices cannot be part of a build.
        return b"other"
    content = b""
    if os.path.isfile(path):
        content = hashes.hash(name, path, os.stat(path))
    return b"link " + os.fsencode(os.readlink(path)) + b" " + content


def _outside(tree: Path) -> list[Path]:
    """Files and folders next to the tree that its configuration names: ``version = {path = "../about.py"}``."""
    found: set[Path] = set()
    top = os.path.realpath(tree)
    for name in ("pyproject.toml", "setup.cfg", "setup.py", "hatch.toml"):
        with suppress(FileNotFoundError):
            for match in _UPWARDS.findall((tree / name).read_bytes()):
                path = os.path.realpath(os.path.join(tree, os.fsdecode(match)))
                # A folder above is the way to a repository's root, not an input as a whole.
                if not os.path.join(top, "").startswith(os.path.join(path, "")):
                    found.add(Path(path))
    return sorted(found)


def _ignoring(tree: Path) -> Iterator[Path]:
    """Files above the tree that keep files of it out of what is built, up to the repository's root."""
    folder = Path(os.path.realpath(tree))
    while not (folder / ".git").exists() and folder.parent != folder:
        folder = folder.parent
        yield from (folder / ".gitignore", folder / ".hgignore")
    yield folder / ".git" / "info" / "exclude"


def _clock(layout: Layout) -> int:
    """Now, as the file system sees it: the times of files are compared with its clock, not with ours."""
    layout.prepare()
    layout.tmp.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=layout.tmp) as mark:
        return os.fstat(mark.fileno()).st_ctime_ns


def build_digest(kind: str, tree: str, parts: Mapping[str, object], variables: Sequence[tuple[str, str]] = ()) -> str:
    """The digest of one build: what is built, the tree's digest, and everything else that decides the result."""
    described = msgspec.json.encode({"kind": kind, "tree": tree, **parts, "variables": variables}, order="sorted")
    return _digest((b"build-1", described))


def _digest(parts: Iterator[bytes] | Sequence[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()
