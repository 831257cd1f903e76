"""Where each file of a wheel goes in an environment: its root and ``.data`` (binary distribution format)."""

from __future__ import annotations

import os

import msgspec

from interlock.envs.environments import VirtualEnvironment
from interlock.errors import InstallError
from interlock.install.scripts import check_script_name
from interlock.store.archives import StoredWheel
from interlock.store.listing import StoredFile

__all__ = ["Destination", "Placement", "UnsafeTarget", "destination", "place_files"]

_KEPT = frozenset({"pyvenv.cfg", ".interlock", ".gitignore", "CACHEDIR.TAG"})
_DATA_PARTS = 3


class UnsafeTarget(InstallError):
    """A wheel wants to write where no distribution may."""

    code = "unsafe-target"

    def __init__(self, distribution: str, path: str) -> None:
        super().__init__(
            f"{distribution} wants to write {path}, which belongs to the environment itself. Nothing was installed.",
            hint="Such a package is broken or hostile; report it to its index.",
            facts={"distribution": distribution, "path": path},
        )
        self.path = path


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where in an environment distributions go; folders are relative to its root, with ``/``."""

    root: str
    """Absolute."""
    purelib: str
    platlib: str
    scripts: str
    headers: str
    python: str
    """What scripts name as the Python that runs them."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """What a wheel puts where; targets are relative to the environment's root."""

    site: str
    """The folder that holds its ``.dist-info``, and all of its listing; RECORD is relative to it."""
    links: list[tuple[StoredFile, str]]
    """What else is linked: a file of its ``.data``, and its target."""
    scripts: list[tuple[StoredFile, str]]
    """The same for commands, whose first line may have to change."""
    folders: list[str]
    """To be made, parents first."""


def destination(environment: VirtualEnvironment) -> Destination:
    """The folders of an environment; one name for a folder that has two (``lib64`` is often a link to ``lib``)."""
    paths = environment.paths
    root = str(environment.root)
    platlib = paths.platlib
    if platlib != paths.purelib and os.path.realpath(platlib) == os.path.realpath(paths.purelib):
        platlib = paths.purelib

    def inside(path: str) -> str:
        return os.path.relpath(path, root).replace(os.sep, "/")

    return Destination(
        root=root,
        purelib=inside(paths.purelib),
        platlib=inside(platlib),
        scripts=inside(paths.scripts),
        headers=inside(paths.include),
        python=environment.script_python,
    )


def place_files(wheel: StoredWheel, to: Destination) -> Placement:
    """Decide where each file of a wheel goes. Raises for targets that no wheel may have."""
    site = to.purelib if wheel.root_is_purelib else to.platlib
    links: list[tuple[StoredFile, str]] = []
    scripts: list[tuple[StoredFile, str]] = []
    above = [site]
    while "/" in above[-1]:
        above.append(above[-1].rpartition("/")[0])
    folders = [*reversed(above), *(f"{site}/{folder}" for folder in wheel.listing.folders)]
    if wheel.data:
        data = wheel.data + "/"
        for file in wheel.files:
            if not file.path.startswith(data):
                continue
            target, script = _data_target(wheel, file.path, to)
            (scripts if script else links).append((file, target))
        folders = _folders(folders, [target for _, target in [*links, *scripts]])
    return Placement(site=site, links=links, scripts=scripts, folders=folders)


def _data_target(wheel: StoredWheel, path: str, to: Destination) -> tuple[str, bool]:
    parts = path.split("/", 2)
    if len(parts) < _DATA_PARTS:
        raise UnsafeTarget(wheel.filename, path)
    _, kind, rest = parts
    if kind == "scripts":
        check_script_name(wheel.filename, rest)
        return f"{to.scripts}/{rest}", True
    if kind == "purelib":
        return f"{to.purelib}/{rest}", False
    if kind == "platlib":
        return f"{to.platlib}/{rest}", False
    if kind == "headers":
        return f"{to.headers}/{wheel.project}/{rest}", False
    if kind == "data":
        if rest.split("/", 1)[0] in _KEPT or rest.endswith(".dist-info/RECORD"):
            raise UnsafeTarget(wheel.filename, rest)
        if rest.startswith(to.scripts + "/"):
            check_script_name(wheel.filename, rest[len(to.scripts) + 1 :])
        return rest, False
    raise UnsafeTarget(wheel.filename, path)


def _folders(known: list[str], targets: list[str]) -> list[str]:
    """The known folders with those that the targets are in."""
    made = {"", *known}
    for target in targets:
        folder = target.rpartition("/")[0]
        while folder not in made:
            made.add(folder)
            folder = folder.rpartition("/")[0]
    made.discard("")
    # Parents sort before what is in them.
    return sorted(made)
