"""What source trees say they need besides what the members' manifests say: digests, so that a change is noticed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from interlock.core.lock.inputs import digest, own_inputs
from interlock.core.lock.model import Lock
from interlock.core.sources.source import Directory
from interlock.errors import InterlockError
from interlock.workspace.members import Workspace

__all__ = ["tree_digests", "trees_now"]

_DESCRIBING = ("hatch.toml", "hatch_build.py", "setup.cfg", "setup.py")
"""What backends compute requirements from, besides what the manifest names."""


def tree_digests(workspace: Workspace, lock: Lock) -> dict[str, str]:
    """By path: every directory in a lock that is no member, and members whose requirements files beside decide.

    Blocking.
    """
    paths = {package.source.path for package in lock.packages if isinstance(package.source, Directory)}
    found = {path: _of_tree(workspace.root / path) for path in paths}
    for member in workspace.members:
        if member.manifest.decisive_dynamic and (beside := _of_files(member.directory, whole=False)):
            found[member.path] = beside
    return dict(sorted(found.items()))


def trees_now(workspace: Workspace, known: Mapping[str, str]) -> dict[str, str]:
    """The same for the paths of a lock. One that is not here counts as unchanged, as members do; blocking."""
    members = {member.path for member in workspace.members}
    return {path: _now(workspace.root / path, before, path in members) for path, before in known.items()}


def _now(folder: Path, before: str, is_member: bool) -> str:
    if not folder.is_dir():
        return before
    return _of_files(folder, whole=False) if is_member else _of_tree(folder)


def _of_tree(folder: Path) -> str:
    # Most locks have no trees besides those of members, and need no parser for them.
    from interlock.core.manifests.parse import parse_manifest  # noqa: PLC0415

    file = folder / "pyproject.toml"
    try:
        manifest = parse_manifest(file.read_bytes(), path=".", file=str(file))
    except (OSError, InterlockError):
        return digest(_of_files(folder, whole=True))
    beside = _of_files(folder, whole=False) if manifest.name is None or manifest.decisive_dynamic else ""
    return digest([own_inputs(manifest), beside])


def _of_files(folder: Path, *, whole: bool) -> str:
    """Digest of the files that requirements are computed from; empty without any. ``whole``: the manifest too."""
    names = (*_DESCRIBING, *_named(folder), *(("pyproject.toml",) if whole else ()))
    found = hashlib.sha256()
    seen = False
    for name in sorted(set(names)):
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        seen = True
        found.update(os.fsencode(name) + b"\n" + hashlib.sha256(data.replace(b"\r\n", b"\n")).digest())
    return found.hexdigest()[:16] if seen else ""


def _named(folder: Path) -> Iterator[str]:
    """Files that a manifest tells its backend to read requirements from."""
    from interlock.core.manifests.parse import read_document  # noqa: PLC0415 - see above

    try:
        document = read_document((folder / "pyproject.toml").read_bytes(), "pyproject.toml")
    except (OSError, InterlockError):
        return
    setuptools = _at(document, "tool", "setuptools", "dynamic")
    for entry in (_at(setuptools, "dependencies"), *_at(setuptools, "optional-dependencies").values()):
        yield from _texts(entry.get("file") if isinstance(entry, dict) else None)
    yield from _texts(_at(document, "tool", "hatch", "metadata", "hooks", "requirements_txt").get("files"))


def _at(table: dict[str, object], *keys: str) -> dict[str, object]:
    for key in keys:
        inner = table.get(key)
        table = inner if isinstance(inner, dict) else {}
    return table


def _texts(value: object) -> Iterable[str]:
    return [value] if isinstance(value, str) else filter(_is_text, value) if isinstance(value, list) else ()


def _is_text(value: object) -> bool:
    return isinstance(value, str)
