"""A lock as a requirements file for pip: pinned, hashed, with markers.

One entry per package and version, sorted; what pip cannot check by hash (git, directories) has none, so a file for
``--require-hashes`` leaves those out with the options below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import normpath
from urllib.parse import quote

import msgspec

from interlock.core.lock.export_pylock import NotExportable, everything
from interlock.core.lock.graph import Graph, Key, key_of
from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage
from interlock.core.lock.reach import reach
from interlock.core.markers.diagram import FALSE, Marker, format_marker
from interlock.core.members.selection import Selection
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Url

__all__ = ["RequirementsOptions", "export_requirements"]


class RequirementsOptions(msgspec.Struct, frozen=True, kw_only=True):
    hashes: bool = True
    annotate: bool = True
    """Say below each entry which members and packages need it."""
    header: str = ""
    """Lines of a comment at the top; empty by default, so that the file depends on the lock alone."""
    index_urls: tuple[str, ...] = ()
    """Written as ``--index-url`` and ``--extra-index-url``, the first being the main one; without credentials."""
    root: str = "."
    """Where the workspace root is from the file that is written."""
    root_url: str = ""
    """The same as a file URL, for repositories by their paths: pip takes no relative ones."""
    emit_workspace: bool = True
    emit_project: bool = True
    """Whether the selected members are entries, when members are at all."""
    editable: bool = True
    omit: frozenset[NormalizedName] = frozenset()
    """Left out, their dependencies are not."""
    prune: frozenset[NormalizedName] = frozenset()
    """Left out together with what only they need."""


def export_requirements(lock: Lock, selection: Selection | None, options: RequirementsOptions | None = None) -> str:
    """Write the selection (None: every member) as a requirements file.

    Raises :class:`NotExportable` and :class:`~interlock.core.lock.conflicts.ConflictingSelection`.
    """
    options = options or RequirementsOptions()
    selection = selection or everything(lock)
    markers = reach(lock, selection, prune=options.prune)
    via = _parents(lock, selection, markers) if options.annotate else {}
    lines = [f"# {line}" if line else "#" for line in options.header.splitlines()]
    for position, url in enumerate(options.index_urls):
        lines.append(f"--{'extra-' if position else ''}index-url {url}")
    if lines:
        lines.append("")
    hidden = options.omit | selection.skip
    if not options.emit_project:
        hidden |= {part.member for part in selection.members}
    parts: list[LockedMember | LockedPackage] = [*lock.packages]
    if options.emit_workspace:
        parts += [member for member in lock.members if member.package]
    for part in sorted(parts, key=_order):
        marker = markers.get(key_of(part), FALSE)
        if marker is not FALSE and part.name not in hidden:
            lines += _entry(part, marker, options)
            lines += _annotation(via.get(key_of(part), set()))
    return "".join(f"{line}\n" for line in lines)


def _order(part: LockedMember | LockedPackage) -> tuple[bool, Key]:
    """Paths first, as people expect them, then by name."""
    return (not isinstance(part, LockedMember), key_of(part))


def _entry(part: LockedMember | LockedPackage, marker: Marker, options: RequirementsOptions) -> Iterator[str]:
    condition = format_marker(marker)
    suffix = f" ; {condition}" if condition else ""
    if isinstance(part, LockedMember):
        yield f"{'-e ' if options.editable else ''}{_below(part.path, options)}{suffix}"
        return
    text = _requirement(part, options) + suffix
    hashes = _hashes(part) if options.hashes else []
    yield " \\\n    ".join([text, *hashes])


def _requirement(package: LockedPackage, options: RequirementsOptions) -> str:
    match package.source:
        case Registry():
            return f"{package.name}=={package.version}"
        case Git(url=url, commit=commit, subdirectory=subdirectory):
            fragment = f"#subdirectory={subdirectory}" if subdirectory else ""
            if "://" not in url and "@" not in url:
                return f"{package.name} @ git+{_joined(package, url, options)}@{commit}{fragment}"
            return f"{package.name} @ git+{_as_url(url)}@{commit}{fragment}"
        case Url(url=url, subdirectory=subdirectory):
            return f"{package.name} @ {url}{f'#subdirectory={subdirectory}' if subdirectory else ''}"
        case File(path=path):
            return _below(path, options)
        case Directory(path=path, editable=editable):
            return f"{'-e ' if editable else ''}{_below(path, options)}"
        case Member(name=name):  # pragma: no branch - these are all the kinds of source
            raise NotExportable(f"The lock has the member {name} among its packages.")


def _joined(package: LockedPackage, path: str, options: RequirementsOptions) -> str:
    if not options.root_url:
        raise NotExportable(
            f"{package.name} comes from a git repository at a path of this machine, "
            "which a requirements file for others cannot say.",
            facts={"package": package.name},
        )
    scheme, _, root = options.root_url.partition("://")
    return f"{scheme}://{normpath(f'{root}/{quote(path)}')}"


def _as_url(url: str) -> str:
    """pip wants ``ssh://git@host/path`` for git's ``git@host:path``."""
    if "://" in url:
        return url
    account, _, path = url.partition(":")
    return f"ssh://{account}/{path.lstrip('/')}"


def _hashes(package: LockedPackage) -> list[str]:
    if isinstance(package.source, (Git, Directory)):
        return []
    missing = [artifact.filename for artifact in package.artifacts if not artifact.sha256]
    if missing or not package.artifacts:
        raise NotExportable(
            f"The lock has no hash for {missing[0] if missing else 'the files'} of {package.name}.",
            hint=f"Export without hashes, or run `interlock lock -P {package.name}`, which hashes the files again.",
            facts={"package": package.name, "files": missing},
        )
    return [f"--hash=sha256:{digest}" for digest in sorted({artifact.sha256 for artifact in package.artifacts})]


def _below(path: str, options: RequirementsOptions) -> str:
    """A path that pip takes for one: from the file's folder, beginning with a dot."""
    root = options.root if options.root.startswith(".") else f"./{options.root}"
    return root if path == "." else f"{root}/{path}"


def _annotation(parents: set[str]) -> list[str]:
    if len(parents) > 1:
        return ["    # via", *(f"    #   {name}" for name in sorted(parents))]
    return [f"    # via {name}" for name in parents]


def _parents(lock: Lock, selection: Selection, markers: Mapping[Key, Marker]) -> dict[Key, set[str]]:
    """What needs each package directly, among what is exported; groups and extras of members by their conflict key."""
    graph = Graph(lock)
    chosen = {part.member: part for part in selection.members}
    found: dict[Key, set[str]] = {}

    def note(edges: tuple[Edge, ...], parent: str) -> None:
        for edge in edges:
            found.setdefault(key_of(graph.target(edge)), set()).add(parent)

    for part in graph.targets():
        reached = key_of(part) in markers
        if reached:
            note(part.dependencies, part.name)
        for extra, edges in part.extras.items():
            if reached:
                note(edges, f"{part.name}[{extra}]" if isinstance(part, LockedMember) else part.name)
        if isinstance(part, LockedMember) and part.name in chosen:
            for group in chosen[part.name].groups:
                note(part.groups[group], f"{part.name}:{group}")
    return found
