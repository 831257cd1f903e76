"""A lock as trees: what members need, who needs a package, and every path between the two; with their text.

All of it is data first (:func:`to_data`); the text is drawn in :func:`to_text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from interlock.core.lock.conflicts import activity
from interlock.core.lock.graph import Graph, Target, UnknownInLock
from interlock.core.lock.model import Edge, Lock, LockedMember
from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    Marker,
    evaluate,
    format_marker,
    parse_marker,
    requires_python_marker,
)
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.selection import MemberSelection, Selection

__all__ = ["Node", "Path", "TreeOptions", "dependents", "duplicates", "paths", "to_data", "to_text", "tree"]


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a tree."""

    name: NormalizedName
    version: str = ""
    """Empty for a member and for a source tree without a version."""
    member: bool = False
    extras: tuple[ExtraName, ...] = ()
    """Asked for by the line above (in an inverted tree: by this line of the one above)."""
    marker: str = ""
    """When the line above needs it."""
    group: str = ""
    """The group of the member above, or of this one in an inverted tree, that the dependency stands in."""
    extra: str = ""
    """Likewise the extra."""
    repeated: bool = False
    """What is below was shown before."""
    cut: bool = False
    """What is below is deeper than was asked."""
    children: tuple[Node, ...] = ()


class TreeOptions(msgspec.Struct, frozen=True, kw_only=True):
    depth: int | None = None
    """Levels below the roots; None for all."""
    prune: frozenset[NormalizedName] = frozenset()
    """Names left out with everything below."""
    dedupe: bool = True
    """Show what is below a package once and mark it repeated afterwards."""
    environment: Mapping[str, str] | None = None
    """Only what holds there; None shows all environments, with markers."""


class _Link(msgspec.Struct, frozen=True, kw_only=True):
    """An edge with where it stands."""

    edge: Edge
    source: Target
    group: str = ""
    extra: str = ""


def tree(lock: Lock, selection: Selection, options: TreeOptions | None = None) -> tuple[Node, ...]:
    """What each selected member needs, one root per member, by name."""
    drawing = _Drawing(lock, options or TreeOptions())
    roots = sorted(selection.members, key=lambda part: part.member)
    return tuple(drawing.root(drawing.graph.member(part.member), part) for part in roots)


def dependents(
    lock: Lock, names: Iterable[NormalizedName], selection: Selection, options: TreeOptions | None = None
) -> tuple[Node, ...]:
    """Who needs each package, up to the selected members: one root per locked version. The inverted tree.

    Raises :class:`~interlock.core.lock.graph.UnknownInLock` for a name that is not in the lock.
    """
    drawing = _Drawing(lock, options or TreeOptions())
    parents = drawing.inverted(selection)
    roots: list[Node] = []
    for name in sorted(set(names)):
        targets = _named(drawing.graph, name)
        roots += [drawing.up(target, None, parents, 0, ()) for target in targets]
    return tuple(roots)


class Path(msgspec.Struct, frozen=True):
    """One way from a member to a package: the nodes without children, the member first."""

    nodes: tuple[Node, ...]


def paths(lock: Lock, name: NormalizedName, selection: Selection, *, limit: int = 1000) -> tuple[Path, ...]:
    """Every way from a selected member to a package that passes nothing twice, shortest first, at most ``limit``.

    Dense graphs have more ways than anyone can read, so those begun at once are limited too.
    """
    drawing = _Drawing(lock, TreeOptions())
    parents = drawing.inverted(selection)
    chosen = {part.member for part in selection.members}
    found: list[Path] = []
    queue: list[tuple[Target, tuple[Node, ...], frozenset[int]]] = [
        (target, (_node(target, None),), frozenset({id(target)})) for target in _named(drawing.graph, name)
    ]
    while queue and len(found) < limit:
        following: list[tuple[Target, tuple[Node, ...], frozenset[int]]] = []
        for target, nodes, passed in queue:
            if isinstance(target, LockedMember) and target.name in chosen and len(nodes) > 1:
                found.append(Path(nodes))
            for link in parents.get(id(target), ()):
                if id(link.source) not in passed:
                    # What the edge says belongs to the node it points at, where the reader comes from.
                    below = _node(target, link)
                    following.append(
                        (link.source, (_node(link.source, None), below, *nodes[1:]), passed | {id(link.source)})
                    )
        queue = following[: 10 * limit]
    return tuple(found[:limit])


def duplicates(lock: Lock) -> dict[NormalizedName, tuple[str, ...]]:
    """Names of which the lock holds several versions or sources."""
    return {
        name: tuple(package.version for package in packages)
        for name, packages in sorted(Graph(lock).packages.items())
        if len(packages) > 1
    }


def _named(graph: Graph, name: NormalizedName) -> list[Target]:
    targets: list[Target] = [*graph.packages.get(name, ())]
    if name in graph.members:
        targets.insert(0, graph.members[name])
    if not targets:
        raise UnknownInLock(
            f"The lock has no package `{name}`.", hint="Check the spelling of the name.", facts={"package": name}
        )
    return targets


def _node(
    target: Target, link: _Link | None, *, repeated: bool = False, cut: bool = False, children: tuple[Node, ...] = ()
) -> Node:
    return Node(
        name=target.name,
        version="" if isinstance(target, LockedMember) else target.version,
        member=isinstance(target, LockedMember),
        extras=link.edge.extras if link else (),
        marker=link.edge.marker if link else "",
        group=link.group if link else "",
        extra=link.extra if link else "",
        repeated=repeated,
        cut=cut,
        children=children,
    )


class _Drawing:
    """One traversal: which edges hold, and what has been shown."""

    def __init__(self, lock: Lock, options: TreeOptions) -> None:
        self.graph = Graph(lock)
        self.options = options
        self._settle: Callable[[str], Marker] = parse_marker
        self._assuming = requires_python_marker(lock.requires_python) if lock.requires_python else TRUE
        self._shown: dict[int, set[ExtraName]] = {}

    def __repr__(self) -> str:
        return f"_Drawing({self.graph!r}, {len(self._shown)} shown)"

    def enter(self, selection: Selection) -> None:
        """Read markers as they are with this selected."""
        self._settle = activity(self.graph, selection).union()

    def _settled(self, link: _Link) -> _Link | None:
        """The link with its marker as it is to be shown; None when it does not hold."""
        marker = self._settle(link.edge.marker)
        if marker & self._assuming is FALSE:
            return None
        environment = self.options.environment
        if environment is not None:
            if not evaluate(marker, environment):
                return None
            marker = TRUE
        edge = msgspec.structs.replace(link.edge, marker=format_marker(marker))
        return msgspec.structs.replace(link, edge=edge)

    def _held(self, links: Iterable[_Link]) -> list[tuple[_Link, Target]]:
        found = []
        for link in links:
            settled = None if link.edge.name in self.options.prune else self._settled(link)
            if settled is not None:
                found.append((settled, self.graph.target(link.edge)))
        return sorted(found, key=lambda pair: (pair[0].group, pair[0].extra, pair[1].name, pair[0].edge.version))

    def root(self, member: LockedMember, part: MemberSelection) -> Node:
        self.enter(Selection(members=(part,)))
        links = self._held(_selected_links(member, part))
        if part.project:
            self._shown.setdefault(id(member), set()).update(part.extras)
        return _node(member, None, children=self._below(links, 0, (id(member),)))

    def _below(self, links: list[tuple[_Link, Target]], level: int, above: tuple[int, ...]) -> tuple[Node, ...]:
        return tuple(self._down(target, link, level + 1, above) for link, target in links)

    def _down(self, target: Target, link: _Link, level: int, above: tuple[int, ...]) -> Node:
        own = [_Link(edge=edge, source=target) for edge in target.dependencies]
        for extra in link.edge.extras:
            own += [_Link(edge=edge, source=target, extra=extra) for edge in target.extras.get(extra, ())]
        links = self._held(own)
        if not links:
            return _node(target, link)
        shown = self._shown.get(id(target))
        before = shown is not None and shown.issuperset(link.edge.extras)
        if id(target) in above or (before and self.options.dedupe):
            return _node(target, link, repeated=True)
        if self.options.depth is not None and level >= self.options.depth:
            return _node(target, link, cut=True)
        self._shown.setdefault(id(target), set()).update(link.edge.extras)
        return _node(target, link, children=self._below(links, level, (*above, id(target))))

    def inverted(self, selection: Selection) -> dict[int, list[_Link]]:
        """The edges into each target, among what the selection reaches."""
        parents: dict[int, dict[tuple[object, ...], _Link]] = {}
        if self.graph.lock.inputs.conflicts:  # members that conflict each have edges of their own
            for part in selection.members:
                self._climb(Selection(members=(part,)), parents)
        else:
            self._climb(selection, parents)
        return {
            place: sorted(links.values(), key=lambda link: (link.source.name, link.group, link.extra, link.edge.marker))
            for place, links in parents.items()
        }

    def _climb(self, selection: Selection, parents: dict[int, dict[tuple[object, ...], _Link]]) -> None:
        self.enter(selection)
        extras: dict[int, set[ExtraName]] = {}
        stack: list[_Link] = []
        for part in selection.members:
            stack += _selected_links(self.graph.member(part.member), part)
        while stack:
            link = stack.pop()
            settled = self._settled(link)
            if settled is None or {link.edge.name, link.source.name} & self.options.prune:
                continue
            target = self.graph.target(link.edge)
            key = (id(link.source), link.group, link.extra, link.edge.extras, settled.edge.marker)
            parents.setdefault(id(target), {})[key] = settled
            known = extras.get(id(target))
            if known is None:
                known = extras[id(target)] = set()
                stack += [_Link(edge=edge, source=target) for edge in target.dependencies]
            for extra in link.edge.extras:
                if extra not in known:
                    known.add(extra)
                    stack += [_Link(edge=edge, source=target, extra=extra) for edge in target.extras.get(extra, ())]

    def up(
        self, target: Target, link: _Link | None, parents: Mapping[int, list[_Link]], level: int, above: tuple[int, ...]
    ) -> Node:
        links = parents.get(id(target), [])
        if not links:
            return _node(target, link)
        if id(target) in above or (self.options.dedupe and id(target) in self._shown):
            return _node(target, link, repeated=True)
        if self.options.depth is not None and level >= self.options.depth:
            return _node(target, link, cut=True)
        self._shown[id(target)] = set()
        inner = (*above, id(target))
        return _node(target, link, children=tuple(self.up(one.source, one, parents, level + 1, inner) for one in links))


def _selected_links(member: LockedMember, part: MemberSelection) -> Iterator[_Link]:
    if part.project:
        yield from (_Link(edge=edge, source=member) for edge in member.dependencies)
    for extra in part.extras:
        yield from (_Link(edge=edge, source=member, extra=extra) for edge in member.extras.get(extra, ()))
    for group in part.groups:
        yield from (_Link(edge=edge, source=member, group=group) for edge in member.groups.get(group, ()))


def to_text(nodes: Iterable[Node], *, inverted: bool = False) -> list[str]:
    """Draw trees; ``(*)`` marks what was shown above, ``(...)`` what is deeper than asked."""
    lines: list[str] = []
    for node in nodes:
        lines.append(_label(node, inverted=inverted))
        _draw(node.children, "", lines, inverted=inverted)
    if any(line.endswith(" (*)") for line in lines):
        lines.append("(*) shown above")
    return lines


def _draw(nodes: tuple[Node, ...], indent: str, lines: list[str], *, inverted: bool) -> None:
    for position, node in enumerate(nodes, start=1):
        last = position == len(nodes)
        lines.append(f"{indent}{'└── ' if last else '├── '}{_label(node, inverted=inverted)}")
        _draw(node.children, indent + ("    " if last else "│   "), lines, inverted=inverted)


def _label(node: Node, *, inverted: bool) -> str:
    text: str = node.name
    if node.extras and not inverted:
        text += f"[{','.join(node.extras)}]"
    if node.version:
        text += f" {node.version}"
    if node.extras and inverted:
        text += f" (needs [{','.join(node.extras)}])"
    if node.extra:
        text += f" (extra: {node.extra})"
    if node.group:
        text += f" (group: {node.group})"
    if node.marker:
        text += f" ; {node.marker}"
    return text + (" (*)" if node.repeated else " (...)" if node.cut else "")


def to_data(nodes: Iterable[Node]) -> list[dict[str, object]]:
    """Plain data for JSON; what has its default is left out."""
    data: list[dict[str, object]] = msgspec.json.decode(msgspec.json.encode(list(nodes)))
    return data
