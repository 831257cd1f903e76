"""What a project's ``cache-keys`` stand for at this moment, as one text that becomes part of a build's digest."""

from __future__ import annotations

import glob
import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from interlock.core.manifests.cache_keys import CacheKey

__all__ = ["keys_digest"]

_ASKED = {"commit": ("rev-parse", "HEAD"), "tags": ("for-each-ref", "--format=%(refname) %(objectname)", "refs/tags")}


def keys_digest(tree: Path, keys: Sequence[CacheKey], environ: Mapping[str, str]) -> str:
    """A digest of the files, names, variables and revisions that the keys name; empty without keys. Blocking.

    What is not there counts as that.
    """
    if not keys:
        return ""
    found = hashlib.sha256()
    for key in keys:
        for part in (key.kind.encode(), os.fsencode(key.text), *_READERS[key.kind](tree, key, environ)):
            found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def _files(tree: Path, key: CacheKey, _: Mapping[str, str]) -> list[bytes]:
    parts: list[bytes] = []
    for name in sorted(glob.glob(key.text, root_dir=tree, recursive=True, include_hidden=True)):
        path = tree / name
        if path.is_file():
            parts += (os.fsencode(name), hashlib.sha256(path.read_bytes()).digest())
    return parts


def _directory(tree: Path, key: CacheKey, _: Mapping[str, str]) -> list[bytes]:
    try:
        return [b"there", *(os.fsencode(name) for name in sorted(os.listdir(tree / key.text)))]
    except OSError:
        return [b"not there"]


def _variable(_: Path, key: CacheKey, environ: Mapping[str, str]) -> list[bytes]:
    value = environ.get(key.text)
    return [b"not set"] if value is None else [b"set", os.fsencode(value)]


def _revision(tree: Path, key: CacheKey, environ: Mapping[str, str]) -> list[bytes]:
    own = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", *_ASKED[key.kind]]
    try:
        done = subprocess.run(command, cwd=tree, env=own, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return [b"no git"]
    return [b"no repository"] if done.returncode else [done.stdout]


_READERS = {"file": _files, "dir": _directory, "env": _variable, "commit": _revision, "tags": _revision}
