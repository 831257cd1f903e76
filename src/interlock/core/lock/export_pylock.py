"""A lock as ``pylock.toml`` (PEP 751): universal, with a marker on every package that is not always needed.

The standard has no members: an export is for one selection of members. Extras and groups of the selection are always
in; those of an :class:`~interlock.core.lock.reach.Offer` are left to the installer, by ``'x' in extras`` and
``'g' in dependency_groups``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.graph import Key, key_of
from interlock.core.lock.model import Lock, LockedMember, LockedPackage
from interlock.core.lock.reach import Offer, reach, selected_python
from interlock.core.markers.diagram import FALSE, Marker, format_marker
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.sources.git_reference import read_reference
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Url
from interlock.errors import LockError

__all__ = ["NotExportable", "PylockOptions", "everything", "export_pylock", "pylock_name"]


class NotExportable(LockError):
    """The lock holds something that the other format has no words for."""

    code = "not-exportable"


class PylockOptions(msgspec.Struct, frozen=True, kw_only=True):
    locate: Callable[[str, Artifact], str]
    """The URL of an artifact of a registry package, by name of the index. Only the index client knows."""
    indexes: Mapping[str, str] = {}
    """URLs of indexes by name, without credentials; an index that is not here is not written."""
    root: str = "."
    """Where the workspace root is from the file that is written, POSIX: ``.`` or ``../..``."""
    offer: Offer | None = None
    default_groups: tuple[GroupName, ...] = ()
    """Of the offered groups, those installed unless told otherwise."""
    emit_workspace: bool = True
    """Whether members are entries."""
    emit_project: bool = True
    """Whether the selected members are, when other members are."""
    editable: bool = True
    omit: frozenset[NormalizedName] = frozenset()
    """Left out, their dependencies are not."""
    prune: frozenset[NormalizedName] = frozenset()
    """Left out together with what only they need."""


def pylock_name(member: str = "") -> str:
    """The file name for an export of one member, or of the whole workspace (``pylock(\\.[^.]+)?\\.toml``)."""
    return f"pylock.{member.replace('.', '-')}.toml" if member else "pylock.toml"


def everything(lock: Lock) -> Selection:
    """All members with no extras and no groups."""
    return Selection(members=tuple(MemberSelection(member=member.name) for member in lock.members))


def export_pylock(lock: Lock, selection: Selection | None, options: PylockOptions) -> str:
    """Write the selection (None: every member) as TOML; the same lock and options give the same text.

    Raises :class:`NotExportable` when an artifact has no hash, and
    :class:`~interlock.core.lock.conflicts.ConflictingSelection`.
    """
    selection = selection or everything(lock)
    markers = reach(lock, selection, offer=options.offer, prune=options.prune)
    offer = options.offer
    extras: tuple[ExtraName, ...] = offer.extras if offer else ()
    groups = tuple(group for group in offer.groups if group not in options.default_groups) if offer else ()
    lines = ['lock-version = "1.0"']
    python = selected_python(lock, selection)
    if lock.inputs.environments:
        lines += _array("environments", tuple(_text(marker) for marker in lock.inputs.environments))
    if python:
        lines.append(f"requires-python = {_text(python)}")
    for key, names in (("extras", extras), ("dependency-groups", groups), ("default-groups", options.default_groups)):
        if names:
            lines.append(f"{key} = [{', '.join(_text(name) for name in sorted(names))}]")
    lines.append('created-by = "interlock"')
    blocks = list(_blocks(lock, selection, markers, options))
    if not blocks:
        lines.append("packages = []")
    for block in blocks:
        lines += ["", "[[packages]]", *block]
    return "\n".join(lines) + "\n"


def _blocks(
    lock: Lock, selection: Selection, markers: Mapping[Key, Marker], options: PylockOptions
) -> Iterator[list[str]]:
    hidden = options.omit | selection.skip
    if not options.emit_project:
        hidden |= {part.member for part in selection.members}
    parts: list[LockedMember | LockedPackage] = [*lock.packages]
    if options.emit_workspace:
        parts += [member for member in lock.members if member.package]
    for part in sorted(parts, key=key_of):
        marker = markers.get(key_of(part), FALSE)
        if marker is FALSE or part.name in hidden:
            continue
        if isinstance(part, LockedMember):
            where = _directory(part.path, options, editable=options.editable)
            yield [f'name = "{part.name}"', *_marker(marker), f"directory = {where}"]
        else:
            yield list(_package(part, marker, options))


def _marker(marker: Marker) -> list[str]:
    text = format_marker(marker)
    return [f"marker = {_text(text)}"] if text else []


def _package(package: LockedPackage, marker: Marker, options: PylockOptions) -> Iterator[str]:
    source = package.source
    yield f'name = "{package.name}"'
    # The version of a tree can change with the tree: the standard wants it left out.
    if package.version and isinstance(source, (Registry, Url, File)):
        yield f"version = {_text(package.version)}"
    yield from _marker(marker)
    if python := _lower_bounds(package.requires_python):
        yield f"requires-python = {_text(python)}"
    match source:
        case Registry(index=index):
            if index in options.indexes:
                yield f"index = {_text(options.indexes[index])}"
            yield from _files(package, index, options)
        case Git():
            yield f"vcs = {_vcs(source, options)}"
        case Url() | File():
            yield f"archive = {_archive(package, source, options)}"
        case Directory(path=path, editable=editable):
            yield f"directory = {_directory(path, options, editable=editable)}"
        case Member(name=name):  # pragma: no branch - these are all the kinds of source
            raise NotExportable(f"The lock has the member {name} among its packages.")


_LOWER = re.compile(r">=?\d+(?:\.\d+)*")


def _lower_bounds(specifier: str) -> str:
    """The clauses that the resolver holds a package to; installers refuse on the others too, and on malformed ones."""
    clauses = {clause.replace(" ", "") for clause in specifier.split(",")}
    return ",".join(sorted(clause for clause in clauses if _LOWER.fullmatch(clause)))


def _files(package: LockedPackage, index: str, options: PylockOptions) -> Iterator[str]:
    wheels = [artifact for artifact in package.artifacts if artifact.is_wheel]
    sdists = [artifact for artifact in package.artifacts if not artifact.is_wheel]
    if not package.artifacts:
        raise NotExportable(f"{package.name} {package.version} has no files in the lock.")
    # One sdist is all there is room for; .tar.gz is the standard kind (PEP 625).
    for sdist in sorted(sdists, key=lambda file: (not file.filename.endswith(".tar.gz"), file.filename))[:1]:
        yield f"sdist = {_file(package, sdist, options.locate(index, sdist))}"
    if wheels:
        files = sorted(wheels, key=lambda file: file.filename)
        yield from _array("wheels", tuple(_file(package, wheel, options.locate(index, wheel)) for wheel in files))


def _file(package: LockedPackage, artifact: Artifact, url: str) -> str:
    # PEP 751 wants a url or a path: a file whose address nobody knows is looked for beside the pylock.toml.
    place = {"url": _text(url)} if url else {"path": _text(artifact.filename)}
    return _table({"name": _text(artifact.filename), **_when(artifact), **place, **_proof(package, artifact)})


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")


def _when(artifact: Artifact) -> dict[str, str]:
    return {"upload-time": artifact.upload_time} if _TIME.fullmatch(artifact.upload_time) else {}


def _proof(package: LockedPackage, artifact: Artifact) -> dict[str, str]:
    if not artifact.sha256:
        raise NotExportable(
            f"The lock has no hash for {artifact.filename} of {package.name}, which pylock.toml requires.",
            hint=f"Run `interlock lock -P {package.name}`, which hashes its files again.",
            facts={"package": package.name, "file": artifact.filename},
        )
    size = {} if artifact.size is None else {"size": str(artifact.size)}
    return size | {"hashes": _table({"sha256": _text(artifact.sha256)})}


def _vcs(source: Git, options: PylockOptions) -> str:
    place = "url" if "://" in source.url or "@" in source.url else "path"
    values = {"type": '"git"', place: _text(source.url if place == "url" else _below(source.url, options))}
    if source.reference:
        reference = read_reference(source.reference)
        values["requested-revision"] = _text(reference.name if reference is not None else source.reference)
    values["commit-id"] = _text(source.commit)
    if source.subdirectory:
        values["subdirectory"] = _text(source.subdirectory)
    return _table(values)


def _archive(package: LockedPackage, source: Url | File, options: PylockOptions) -> str:
    if len(package.artifacts) != 1:
        raise NotExportable(f"The lock does not describe the archive of {package.name}.")
    artifact = package.artifacts[0]
    values = {"url": _text(source.url)} if isinstance(source, Url) else {"path": _text(_below(source.path, options))}
    values |= _when(artifact)
    proof = _proof(package, artifact)
    if source.subdirectory:
        values["subdirectory"] = _text(source.subdirectory)
    return _table(values | proof)


def _directory(path: str, options: PylockOptions, *, editable: bool) -> str:
    values = {"path": _text(_below(path, options))}
    if editable:
        values["editable"] = "true"
    return _table(values)


def _below(path: str, options: PylockOptions) -> str:
    """A path from the file that is written, from one below the workspace root."""
    if options.root in {".", ""}:
        return path
    return options.root if path == "." else f"{options.root}/{path}"


def _array(key: str, values: tuple[str, ...]) -> list[str]:
    return [f"{key} = [", *(f"    {value}," for value in values), "]"]


def _table(values: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in values.items()) + " }"


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = "".join(
        _ESCAPES.get(char) or (f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char) for char in value
    )
    return f'"{escaped}"'
