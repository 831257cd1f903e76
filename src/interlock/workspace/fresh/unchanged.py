"""Whether anything at all has changed since there was nothing to do, told without understanding any of it.

A stamp, ``workspaces-v1/fresh-<digest of the question and where it was asked>``, holds what the answer depended on:
variables of the environment, configuration files, the lock, the bytes of every manifest, for an environment what
``stat`` says of it and of the trees it leads to, and for builds what it says of the trees and of what they were built
to. When all of these are as they were, so is the answer, and neither settings nor manifests nor the lock have to be
read. Losing a stamp costs time, nothing else.
Imports are few and light here, because this comes before everything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from interlock import __version__
from interlock.workspace.globs import expand, is_excluded
from interlock.workspace.manifests_digest import manifests_digest

__all__ = [
    "ALL_BUILT",
    "ALL_IN_SYNC",
    "ANEW",
    "BUILT",
    "FRESH",
    "IN_SYNC",
    "Outline",
    "is_fresh",
    "stamp_path",
    "stamp_text",
    "store_root",
    "variables_digest",
    "watched",
]

_MANIFEST = "pyproject.toml"
_PREFIXES = ("INTERLOCK_", "UV_", "PIP_", "POETRY_", "XDG_")
_NAMES = (
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "HOME",
    "NETRC",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "USERPROFILE",
    "VIRTUAL_ENV",
)
_PASSING = ("_", "OLDPWD", "PWD", "SHLVL")
"""Variables that change from one command to the next."""
_FORMAT = f"interlock {__version__} stamp 3"
_ABSENT = "-"
FRESH, IN_SYNC, ALL_IN_SYNC = "lock", "sync", "sync --all-packages"
ANEW = "lock anew"
BUILT, ALL_BUILT = "build", "build --all-packages"
"""The questions there are stamps for."""
_OF_SETTINGS = (FRESH, ANEW)
"""The questions that only settings have a part in."""


def store_root(environ: Mapping[str, str]) -> str:
    """Where the store is, when that can be said without asking anybody; else empty."""
    if environ.get("INTERLOCK_NO_CACHE"):
        return ""
    said = environ.get("INTERLOCK_CACHE_DIR", "")
    if said or os.name == "nt":
        return said if os.path.isabs(said) else ""
    caches = environ.get("XDG_CACHE_HOME", "")
    if not caches.strip() and environ.get("HOME"):
        caches = environ["HOME"] + "/.cache"
    return f"{caches}/interlock" if os.path.isabs(caches) else ""


def stamp_path(store: str, start: str, question: str = FRESH) -> str:
    key = sha256(question.encode() + b"\n" + os.fsencode(start)).hexdigest()[:32]
    return f"{store}/workspaces-v1/fresh-{key}"


def variables_digest(environ: Mapping[str, str], question: str = FRESH) -> str:
    """Every variable that settings are made from, and more: a needless look costs less than a wrong answer.

    Builds read what they like, so an environment's answer depends on all variables.
    """
    found = sorted(
        item
        for item in environ.items()
        if item[0].startswith(_PREFIXES)
        or item[0] in _NAMES
        or (question not in _OF_SETTINGS and item[0] not in _PASSING)
    )
    return sha256(repr(found).encode("utf-8", "surrogateescape")).hexdigest()


def watched(start: str, others: Iterable[str]) -> list[str]:
    """The files besides the members' manifests: those that decide which workspace this is, and ``others``."""
    found = []
    place = start
    while True:
        found.append(os.path.join(place, _MANIFEST))
        above = os.path.dirname(place)
        if above == place:
            break
        place = above
    return [*found, *others]


class Outline:
    """What tells whether a workspace has other manifests: its root, its patterns, and the digest of all there are."""

    __slots__ = ("exclude", "manifests", "members", "root")

    def __init__(self, root: str, manifests: str, members: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self.root = root
        self.manifests = manifests
        self.members = members
        self.exclude = exclude

    def __repr__(self) -> str:
        return f"<Outline {self.root} {self.manifests[:8]}>"


def stamp_text(
    environ: Mapping[str, str],
    question: str,
    message: str,
    outline: Outline,
    files: Sequence[str],
    places: Sequence[str] = (),
) -> str:
    """A stamp for how things are. Empty when it cannot be told. Of ``places`` only what ``stat`` says is looked at."""
    lines = [
        _FORMAT,
        variables_digest(environ, question),
        outline.root,
        "\t".join(outline.members),
        "\t".join(outline.exclude),
        outline.manifests,
        message,
        *(f"{_digest(path)} {path}" for path in files),
        *(f"{_status(path)} {path}" for path in places),
    ]
    text = "\n".join(lines)
    patterns = (*outline.members, *outline.exclude)
    return "" if text.count("\n") != len(lines) - 1 or any("\t" in pattern for pattern in patterns) else text


def is_fresh(environ: Mapping[str, str], start: str, question: str = FRESH) -> str | None:
    """What was said when there was nothing to do, if everything is as it was then; None if that cannot be told."""
    store = store_root(environ)
    if not store:
        return None
    stamp = _read(stamp_path(store, start, question))
    if stamp is None:
        return None
    lines = stamp.decode("utf-8", "surrogateescape").split("\n")
    if len(lines) < 8 or lines[0] != _FORMAT or lines[1] != variables_digest(environ, question):
        return None
    _, _, root, members, excluded, manifests, message, *files = lines
    known = [line.partition(" ") for line in files]
    if any(mark != (_status(path) if mark[:1] == "=" else _digest(path)) for mark, _, path in known):
        return None
    found = _manifests(root, tuple(filter(None, members.split("\t"))), tuple(filter(None, excluded.split("\t"))))
    return message if found == manifests else None


def _manifests(root: str, patterns: tuple[str, ...], excluded: tuple[str, ...]) -> str | None:
    """The digest of all manifests there are now, those that are new included; None where a closer look is needed."""
    digests: dict[str, bytes] = {}
    data = _read(f"{root}/{_MANIFEST}")
    if data is None:
        return None
    digests["."] = sha256(data).digest()
    for pattern in patterns:
        for path, deep in expand(root, pattern):
            if path in digests or is_excluded(path, excluded):
                continue
            data = _read(f"{root}/{path}/{_MANIFEST}")
            if data is not None:
                digests[path] = sha256(data).digest()
            elif not deep and not path.rpartition("/")[2].startswith("."):
                return None
    return manifests_digest(digests)


def _digest(path: str) -> str:
    data = _read(path)
    return _ABSENT if data is None else sha256(data).hexdigest()


def _status(path: str) -> str:
    """What tells a file or folder from a changed one; a folder changes when something in it comes, goes or moves."""
    try:
        found = os.stat(path)
    except OSError:
        return f"={_ABSENT}"
    return f"={found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def _read(path: str) -> bytes | None:
    """A whole file; None when it is not there or is no file."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return None
