"""``interlock check``: whether manifests say what tools and indexes will accept, and whether the lock answers them."""

from __future__ import annotations

from typing import Literal

import anyio.to_thread
import msgspec
from trove_classifiers import classifiers, deprecated_classifiers

from interlock.context import Context
from interlock.core.lock.freshness import LockOutdated
from interlock.core.lock.model import Lock
from interlock.core.manifests.parse import read_document
from interlock.core.manifests.problems import suggest
from interlock.core.manifests.tasks import BadTask
from interlock.core.members.asks import MemberAsks
from interlock.errors import InterlockError
from interlock.ops.locking.lock import lock
from interlock.ops.locking.lock_options import LockOptions
from interlock.resolution.lowering import lower
from interlock.resolution.narrowed import describe_wider, locked_narrower, published_wider
from interlock.resolution.reading import left_out_of
from interlock.resolution.stale_pins import stale_pins
from interlock.workspace.discovery import NoProject, discover
from interlock.workspace.lockfile import load_lock_if_any, lockfile_path
from interlock.workspace.members import Member, Workspace
from interlock.workspace.tasks import tasks_of

__all__ = ["Finding", "Level", "check"]

Level = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    level: Level
    file: str
    code: str
    message: str
    line: int | None = None


async def check(context: Context, *, with_lock: bool) -> tuple[Finding, ...]:
    """Everything that is wrong; ``with_lock``: a lock that is missing is wrong too. Raises :class:`NoProject`."""
    try:
        workspace = await anyio.to_thread.run_sync(lambda: discover(context.place.start, layout=context.means.layout))
    except NoProject:
        # There is nothing that could be wrong.
        raise
    except InterlockError as error:
        return (_error("pyproject.toml", error),)
    found = await anyio.to_thread.run_sync(lambda: _manifests(context, workspace))
    if with_lock or lockfile_path(workspace.root).exists():
        try:
            await lock(context, LockOptions(check=True))
        except LockOutdated as error:
            found.append(_error("interlock.lock", error))
        except InterlockError as error:
            if not any(finding.code == error.code for finding in found):
                found.append(_error("interlock.lock", error))
    return tuple(found)


def _manifests(context: Context, workspace: Workspace) -> list[Finding]:
    found = [
        Finding(level="warning", file=text.partition(":")[0], code="manifest", message=text.partition(": ")[2])
        for text in workspace.warnings
    ]
    try:
        old = load_lock_if_any(workspace.root)
        asks = lower(workspace, left_out=left_out_of(old))
    except InterlockError as error:
        found.append(_error("pyproject.toml", error))
    else:
        found += _between_members(workspace, asks, old)
    for member in workspace.members:
        found += _member(workspace, member)
    return found


def _between_members(workspace: Workspace, asks: tuple[MemberAsks, ...], old: Lock | None) -> list[Finding]:
    """What members say of each other that those who install them from an index would come upon."""
    found = []
    for narrowing in published_wider(workspace, asks):
        member = workspace.by_name[narrowing.member]
        message = f"{describe_wider(workspace, narrowing)}."
        found.append(Finding(level="warning", file=member.file, code="narrowed-python", message=message))
    for member, python in locked_narrower(workspace, asks, old) if old is not None else ():
        said = member.manifest.requires_python or "of any version"
        message = f"says Python {said}, but is locked for {python} only: on others what it needs cannot be had."
        found.append(Finding(level="warning", file=member.file, code="narrowed-python", message=message))
    for pin in stale_pins(workspace, asks):
        file = "pyproject.toml" if pin.origin.path in {"", "."} else f"{pin.origin.path}/pyproject.toml"
        message = f"requires `{pin.text}`, but the member {pin.needs} is {pin.version}."
        found.append(Finding(level="warning", file=file, code="stale-pin", message=message))
    return found


def _member(workspace: Workspace, member: Member) -> list[Finding]:
    found: list[Finding] = []

    def note(level: Level, code: str, message: str) -> None:
        found.append(Finding(level=level, file=member.file, code=code, message=message))

    document = read_document((member.directory / "pyproject.toml").read_bytes(), member.file)
    tool = document.get("tool")
    poetry = tool.get("poetry", {}) if isinstance(tool, dict) else {}
    project = document.get("project", poetry)
    assert isinstance(project, dict)
    for name in _readmes(project.get("readme")):
        if not (member.directory / name).is_file():
            note("error", "readme", f"the readme `{name}` does not exist.")
    for pattern in project.get("license-files", []):
        if isinstance(pattern, str) and not any(member.directory.glob(pattern)):
            note("error", "license-files", f"`{pattern}` matches no file.")
    listed = project.get("classifiers", [])
    for problem in _unknown_classifiers(listed):
        note("warning", "classifiers", problem)
    if isinstance(project.get("license"), str) and any("License ::" in str(text) for text in listed):
        note("error", "license", "has a license expression and a `License ::` classifier; indexes refuse that.")
    if isinstance(project.get("license"), dict):
        note("warning", "license", "`license` as a table is deprecated; write an SPDX expression.")
    if not member.manifest.requires_python:
        note("warning", "requires-python", "does not say which Pythons it runs on (`requires-python`).")
    if member.manifest.package and "version" not in member.manifest.dynamic and not member.manifest.version:
        note("error", "version", "has no version.")
    for group, problem in member.manifest.group_problems.items():
        note("error", "group", f"the dependency group `{group}` cannot be used: {problem}")
    for target in (*member.manifest.scripts.values(), *member.manifest.gui_scripts.values()):
        if ":" not in target:
            note("error", "script", f"the script `{target}` is not `module:function`.")
    try:
        tasks_of(workspace, member.manifest)
    except BadTask as error:
        note("error", error.code, error.message)
    return found


def _unknown_classifiers(listed: object) -> list[str]:
    found = []
    for text in map(str, listed if isinstance(listed, list) else ()):
        # What begins with "Private ::" keeps indexes from taking a package, and is none of theirs.
        if text in classifiers or text.startswith("Private :: "):
            continue
        newer = deprecated_classifiers.get(text)
        if newer is None:
            found.append(f"`{text}` is not a classifier that indexes know.{suggest(text, sorted(classifiers))}")
        else:
            instead = f" Write {' or '.join(f'`{name}`' for name in newer)}." if newer else ""
            found.append(f"the classifier `{text}` is deprecated.{instead}")
    return found


def _readmes(value: object) -> list[str]:
    if isinstance(value, dict):
        value = value.get("file")
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return [value] if isinstance(value, str) else []


def _error(file: str, error: InterlockError) -> Finding:
    return Finding(level="error", file=file, code=error.code, message=error.message)
