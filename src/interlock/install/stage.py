"""Making a distribution complete beside its final place: files linked, scripts and metadata written, RECORD last."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

import msgspec

from interlock.core.plan.plan import Wanted
from interlock.envs.installed import DIGEST_FILE
from interlock.install.data import Destination, Placement, place_files
from interlock.install.link import Linker, StoreDamaged
from interlock.install.record import digest_text, hash_text
from interlock.install.scripts import launchers, names_python, rewrite_shebang
from interlock.store.archives import StoredWheel
from interlock.store.listing import StoredFile, format_row
from interlock.store.space import named

__all__ = ["Notes", "Staged", "compile_staged", "stage", "write_record"]

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_FIRST_LINE = 4096
_COMPILER = os.path.join(os.path.dirname(__file__), "bytecode.py")


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What is written about a distribution beside what its wheel says."""

    installer: str = "interlock"
    requested: bool = False
    origin: str = ""
    """``direct_url.json``."""
    digest: str = ""


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution that only needs to be moved into place."""

    wanted: Wanted
    wheel: StoredWheel
    folder: str
    """Mirrors the environment's root."""
    site: str
    """Relative to the root, as all paths here."""
    targets: list[str]
    """Where its files are, but for RECORD."""
    rows: dict[str, str]
    """Target to its line in RECORD, for those that are not in the wheel's listing."""
    folders: list[str]
    """Every folder that it has files in, relative to the environment's root, and the folders that these are in."""
    others: dict[str, str]
    """Target to hash, for those that are not in the wheel's listing."""

    @property
    def hashes(self) -> dict[str, str]:
        """Target to hash, worked out at every look."""
        hashes = {f"{self.site}/{file.path}": file.sha256 for file in self.wheel.files}
        return {target: self.others.get(target) or hashes[target] for target in self.targets}

    @property
    def dist_info(self) -> str:
        return f"{self.site}/{self.wheel.dist_info}"


def stage(wheel: StoredWheel, wanted: Wanted, notes: Notes, to: Destination, folder: str, linker: Linker) -> Staged:
    """Build the tree of a distribution in an own folder; blocking. RECORD follows with :func:`write_record`."""
    placement = place_files(wheel, to)
    site, paths = placement.site + "/", wheel.listing.paths
    os.mkdir(folder)
    base = folder + "/"
    for made in placement.folders:
        os.mkdir(base + made)
    folders = dict.fromkeys(placement.folders)
    linker.link_below(wheel.tree, base + placement.site, paths)
    targets = [site + path for path in paths]
    rows: dict[str, str] = {}
    others: dict[str, str] = {}
    links = placement.links + [one for one in placement.scripts if not _is_rewritten(wheel, one[0])]
    if links:
        tree = wheel.tree + "/"
        linker.link([tree + file.path for file, _ in links], [base + target for _, target in links])
        for file, target in links:
            rows[target] = format_row(_from(placement.site, target), file.sha256, file.size)
            others[target] = file.sha256
    for target, content, executable in _written(wheel, placement, notes, to):
        path = base + target
        _make_parents(base, target, folders)
        # A launcher of an entry point replaces a script of the same name that the wheel brought.
        if target in others:
            os.unlink(path)
        handle = os.open(path, _CREATE, 0o777 if executable else 0o666)
        with named(path):
            _write(handle, content)
        others[target] = hash_text(content)
        rows[target] = format_row(_from(placement.site, target), others[target], len(content))
    targets += rows
    return Staged(
        wanted=wanted,
        wheel=wheel,
        folder=folder,
        site=placement.site,
        targets=targets,
        rows=rows,
        folders=list(folders),
        others=others,
    )


def _make_parents(base: str, target: str, made: dict[str, None]) -> None:
    """Make the folders that a target is in, as far as they are not ``made`` yet."""
    missing = []
    folder = target.rpartition("/")[0]
    while folder and folder not in made:
        missing.append(folder)
        made[folder] = None
        folder = folder.rpartition("/")[0]
    for folder in reversed(missing):
        os.mkdir(base + folder)


def _written(
    wheel: StoredWheel, placement: Placement, notes: Notes, to: Destination
) -> Iterable[tuple[str, bytes, bool]]:
    for file, target in placement.scripts:
        if _is_rewritten(wheel, file):
            yield target, rewrite_shebang(wheel.read(file.path), to.python), True
    for name, content in launchers(wheel.entry_points, wheel.filename, to.python, windows=os.name == "nt"):
        yield f"{to.scripts}/{name}", content, True
    info = f"{placement.site}/{wheel.dist_info}/"
    yield info + "INSTALLER", notes.installer.encode() + b"\n", False
    if notes.requested:
        yield info + "REQUESTED", b"", False
    if notes.origin:
        yield info + "direct_url.json", notes.origin.encode(), False
    if notes.digest:
        yield info + DIGEST_FILE, digest_text(notes.digest), False


def _write(handle: int, content: bytes) -> None:
    """All of it; the system may take a part, as of a disk that is nearly full."""
    with open(handle, "wb") as file:
        file.write(content)


def _is_rewritten(wheel: StoredWheel, file: StoredFile) -> bool:
    """Whether a command cannot be used as it is. Large programs can, and are the same file everywhere."""
    if not file.executable:
        return True
    try:
        with open(f"{wheel.tree}/{file.path}", "rb") as script:
            return names_python(script.readline(_FIRST_LINE))
    except FileNotFoundError as error:
        raise StoreDamaged(error.filename) from None


def _from(site: str, target: str) -> str:
    if target.startswith(site + "/"):
        return target[len(site) + 1 :]
    return os.path.relpath(target, site).replace(os.sep, "/")


def write_record(staged: Staged, bytecode: Iterable[str] = ()) -> None:
    """Write RECORD, with the bytecode files that were made (absolute, in the staging folder)."""
    lines = list(staged.rows.values())
    compiled = (os.path.relpath(path, staged.folder).replace(os.sep, "/") for path in bytecode)
    lines += [format_row(_from(staged.site, path)) for path in compiled]
    lines.append(format_row(f"{staged.wheel.dist_info}/RECORD"))
    path = f"{staged.folder}/{staged.dist_info}/RECORD"
    handle = os.open(path, _CREATE, 0o666)
    with named(path):
        _write(handle, staged.wheel.listing.record + "".join(lines).encode())


def compile_staged(staged: Iterable[Staged], root: str, python: str) -> dict[str, list[str]]:
    """Compile the modules of some distributions in one process; bytecode files by staging folder. Blocking.

    ``root`` is empty for an environment that may be moved.
    """
    wanted: list[bytes] = []
    made: dict[str, list[str]] = {}
    parent = 0
    for one in staged:
        made[one.folder] = []
        parent = len(os.path.dirname(one.folder)) + 1
        start = one.site + "/"
        wanted += [
            msgspec.json.encode([os.path.join(one.folder, target), os.path.join(root, target)])
            for target in one.targets
            if target.endswith(".py") and target.startswith(start)
        ]
    if not wanted:
        return made
    command = [python, "-I", "-S", "-B", _COMPILER]
    done = subprocess.run(
        command, input=b"\n".join(wanted) + b"\n", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    for line in done.stdout.splitlines():
        path = msgspec.json.decode(line, type=str)
        # All staging folders have one parent.
        made[path[: path.index(os.sep, parent)]].append(path)
    return made
