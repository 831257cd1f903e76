"""What needs what, read from the lock alone: a pure walk that makes a tree of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from interlock.core.lock.graph import Graph, Key, Target, active_keys, key_of, root_edges
from interlock.core.lock.model import Edge, LockedMember
from interlock.core.lock.select import walk
from interlock.core.manifests.problems import suggest
from interlock.core.markers.diagram import evaluate, parse_marker
from interlock.core.names import ExtraName, NormalizedName, shown_member
from interlock.core.selection import MemberSelection, Selection
from interlock.errors import UsageError
from interlock.workspace.options import TreeOptions

__all__ = ["Node", "NotInLock", "build_tree", "format_tree"]


class NotInLock(UsageError):
    code = "not-in-lock"
    exit_code = 1


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a tree."""

    name: NormalizedName
    version: str
    """Empty for a member, and for a source tree without a version."""
    kind: str
    """``member | package``"""
    extras: tuple[ExtraName, ...] = ()
    """What the parent asks for; in an inverted tree, what this one asks of the parent."""
    via: str = ""
    """``extra x`` or ``group y`` of the parent, when the dependency is not unconditional."""
    marker: str = ""
    repeated: bool = False
    """What is below it was shown before."""
    children: tuple[Node, ...] = ()


class _Link(msgspec.Struct, frozen=True):
    target: Target
    edge: Edge
    via: str


def build_tree(
    graph: Graph, selection: Selection, options: TreeOptions, environment: Mapping[str, str] | None
) -> tuple[Node, ...]:
    """The trees of the selected members, or of packages; ``environment`` limits them to what holds there.

    Raises :class:`NotInLock` for a root that is not there.
    """
    links = _links(graph, selection, environment)
    if options.duplicates:
        roots = [target for target in _reached(graph, links) if _is_duplicate(graph, target)]
    elif options.roots:
        roots = [target for name in options.roots for target in _named(graph, links, name)]
    elif options.invert:
        roots = [target for target in _reached(graph, links) if not links.get(key_of(target))]
    else:
        roots = [graph.member(part.member) for part in selection.members]
    if options.invert or options.duplicates:
        links = _inverted(graph, links)
    builder = _Builder(links, options)
    return tuple(builder.node(root, None, 0) for root in roots if root.name not in options.prune)


class _Builder:
    """Remembers which subtrees were shown."""

    def __init__(self, links: dict[Key, list[_Link]], options: TreeOptions) -> None:
        self._links = links
        self._options = options
        self._shown: set[Key] = set()
        self._path: list[Key] = []

    def __repr__(self) -> str:
        return f"_Builder({len(self._shown)} shown)"

    def node(self, target: Target, link: _Link | None, depth: int) -> Node:
        key = key_of(target)
        below = [entry for entry in self._links.get(key, ()) if entry.target.name not in self._options.prune]
        too_deep = self._options.depth is not None and depth >= self._options.depth
        # A cycle would never end; elsewhere a second look at the same subtree is the reader's choice.
        repeated = bool(below) and (key in self._path or (key in self._shown and not self._options.repeat))
        children: tuple[Node, ...] = ()
        if below and not repeated and not too_deep:
            self._shown.add(key)
            self._path.append(key)
            children = tuple(self.node(entry.target, entry, depth + 1) for entry in below)
            self._path.pop()
        return Node(
            name=target.name,
            version="" if isinstance(target, LockedMember) else target.version,
            kind="member" if isinstance(target, LockedMember) else "package",
            # Upside down the line is about who asks, and the extras are of what is asked for.
            extras=link.edge.extras if link is not None and not self._options.invert else (),
            via=link.via if link is not None else "",
            marker=link.edge.marker if link is not None else "",
            repeated=repeated and not too_deep,
            children=children,
        )


def _links(graph: Graph, selection: Selection, environment: Mapping[str, str] | None) -> dict[Key, list[_Link]]:
    """What each part of the lock needs, as far as the selection reaches it."""
    holds = _condition(graph, selection, environment)
    found: dict[Key, dict[tuple[Key, str], _Link]] = {}
    seen: dict[Key, set[ExtraName]] = {}
    waiting: list[tuple[Target, str, tuple[Edge, ...]]] = []
    for part in selection.members:
        member = graph.member(part.member)
        seen.setdefault(key_of(member), set()).update(part.extras)
        waiting += [(member, via, edges) for via, edges in _parts(member, part)]
    while waiting:
        parent, via, edges = waiting.pop()
        for edge in edges:
            if not holds(edge.marker):
                continue
            target = graph.target(edge)
            key = key_of(target)
            if key != key_of(parent):
                # An extra that names its own package for others of its extras is followed, but not a need to show.
                found.setdefault(key_of(parent), {}).setdefault((key, via), _Link(target, edge, via))
            extras = seen.get(key)
            if extras is None:
                extras = seen[key] = set()
                waiting.append((target, "", target.dependencies))
            for extra in edge.extras:
                if extra not in extras:
                    extras.add(extra)
                    waiting.append((target, f"extra {extra}", target.extras.get(extra, ())))
    return {
        key: sorted(links.values(), key=lambda link: (link.via != "", link.via, key_of(link.target)))
        for key, links in found.items()
    }


def _parts(member: LockedMember, part: MemberSelection) -> Iterator[tuple[str, tuple[Edge, ...]]]:
    labels = [""] if part.project else []
    labels += [f"extra {extra}" for extra in part.extras] + [f"group {group}" for group in part.groups]
    return zip(labels, root_edges(member, part), strict=True)


def _condition(graph: Graph, selection: Selection, environment: Mapping[str, str] | None) -> Callable[[str], bool]:
    if environment is None:
        return lambda marker: True
    active = active_keys(selection) | walk(graph, environment, selection).active
    known: dict[str, bool] = {"": True}

    def holds(marker: str) -> bool:
        found = known.get(marker)
        if found is None:
            found = known[marker] = evaluate(parse_marker(marker), environment, active)
        return found

    return holds


def _reached(graph: Graph, links: dict[Key, list[_Link]]) -> Iterable[Target]:
    keys = set(links) | {key_of(link.target) for entries in links.values() for link in entries}
    return [target for target in graph.targets() if key_of(target) in keys]


def _is_duplicate(graph: Graph, target: Target) -> bool:
    return len(graph.packages.get(target.name, ())) > 1


def _named(graph: Graph, links: dict[Key, list[_Link]], name: NormalizedName) -> list[Target]:
    found = [target for target in _reached(graph, links) if target.name == name]
    if not found:
        locked = any(target.name == name for target in graph.targets())
        where = "is locked, but nothing that is selected needs it here." if locked else "is not in the lock."
        near = "" if locked else suggest(name, {target.name for target in graph.targets()})
        hint = "Add --universal or --all-packages, or more groups and extras." if locked else None
        raise NotInLock(f"`{name}` {where}{near}", hint=hint, facts={"package": name})
    return found


def _inverted(graph: Graph, links: dict[Key, list[_Link]]) -> dict[Key, list[_Link]]:
    parents = {key_of(target): target for target in graph.targets()}
    found: dict[Key, list[_Link]] = {}
    for key, entries in links.items():
        for link in entries:
            found.setdefault(key_of(link.target), []).append(_Link(parents[key], link.edge, link.via))
    for entries in found.values():
        entries.sort(key=lambda link: key_of(link.target))
    return found


def format_tree(nodes: Iterable[Node], *, members_by_path: Mapping[NormalizedName, str] | None = None) -> str:
    """The trees as text, one line per node."""
    lines: list[str] = []
    for node in nodes:
        lines.append(_label(node, members_by_path or {}))
        _below(node, "", lines)
    return "".join(f"{line}\n" for line in lines)


def _below(node: Node, margin: str, lines: list[str]) -> None:
    for position, child in enumerate(node.children):
        last = position == len(node.children) - 1
        lines.append(f"{margin}{'└── ' if last else '├── '}{_label(child, {})}")
        _below(child, margin + ("    " if last else "│   "), lines)


def _label(node: Node, paths: Mapping[NormalizedName, str]) -> str:
    extras = f"[{','.join(node.extras)}]" if node.extras else ""
    words = [f"{shown_member(node.name)}{extras}"]
    if node.version:
        words.append(node.version)
    if paths.get(node.name):
        words.append(f"({paths[node.name]})")
    if node.via:
        words.append(f"({node.via})")
    if node.marker:
        words.append(f"; {node.marker}")
    if node.repeated:
        words.append("(*)")
    return " ".join(words)
