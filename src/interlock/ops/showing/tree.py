"""What needs what, read from the lock alone: a pure walk that makes a tree of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec

from interlock.core.lock.graph import Graph, Key, Target, key_of
from interlock.core.lock.model import LockedMember
from interlock.core.members.selection import Selection
from interlock.core.names import ExtraName, NormalizedName, shown_member
from interlock.errors import UsageError
from interlock.ops.showing.links import Labels, Link, Links, Needs, askers, inverted, links_of, named, reached
from interlock.workspace.selection import SelectionFlags

__all__ = ["MOST_LINES", "Node", "TreeOptions", "TreeTooLarge", "build_tree", "format_tree"]


class TreeOptions(msgspec.Struct, frozen=True, kw_only=True):
    selection: SelectionFlags = SelectionFlags()
    roots: tuple[NormalizedName, ...] = ()
    """Packages to begin at; empty: the selected members."""
    depth: int | None = None
    invert: bool = False
    prune: tuple[NormalizedName, ...] = ()
    """Names not to show, nor what is below them."""
    repeat: bool = False
    """Show what is below a package each time it appears."""
    universal: bool = False
    """Show every fork, not only what applies to one environment."""
    duplicates: bool = False
    """Only packages that are locked in several versions."""


MOST_LINES = 200_000
"""Of a tree that shows everything wherever it is needed, whose lines may double with every level."""


class TreeTooLarge(UsageError):
    """More lines than anyone reads."""

    code = "tree-too-large"
    exit_code = 1

    def __init__(self) -> None:
        super().__init__(
            f"The tree has more than {MOST_LINES:,} lines.",
            hint="Leave out --no-dedupe, or give --depth, --prune or the names of packages.",
            facts={"most-lines": MOST_LINES},
        )


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a tree."""

    name: NormalizedName
    version: str
    """Empty for a member, and for a source tree without a version."""
    kind: Literal["member", "package"]
    extras: tuple[ExtraName, ...] = ()
    """What the parent asks for; in an inverted tree, what this one asks of the parent."""
    via: str = ""
    """``extra x`` or ``group y`` of the parent, when the dependency is not unconditional."""
    marker: str = ""
    repeated: bool = False
    """What is below it was shown before."""
    children: tuple[Node, ...] = ()


def build_tree(
    graph: Graph, selection: Selection, options: TreeOptions, environment: Mapping[str, str] | None
) -> tuple[Node, ...]:
    """The trees of the selected members, or of packages; ``environment`` limits them to what holds there.

    Raises :class:`NotInLock` for a root that is not there, and :class:`TreeTooLarge`.
    """
    needs = links_of(graph, selection, environment)
    links = needs.links
    chosen = False
    if options.duplicates:
        roots = [target for target in reached(graph, links) if _is_duplicate(graph, target)]
    elif options.roots:
        roots = [target for name in options.roots for target in named(graph, links, name)]
    elif options.invert:
        roots = [target for target in reached(graph, links) if not links.get(key_of(target))]
    else:
        roots = [graph.member(part.member) for part in selection.members]
        chosen = True
    if options.invert or options.duplicates:
        below = _upward(needs, inverted(graph, links))
    else:
        below = _downward(needs, chosen=chosen)
    return _Drawing(below, options).trees([root for root in roots if root.name not in options.prune])


State = tuple[Key, Labels | str]
"""A target and how it was come by: two of the same have the same below them."""
Below = Callable[[Target, Link | None], tuple[State, list[Link]]]


def _downward(needs: Needs, *, chosen: bool) -> Below:
    """What a target needs, as far as the link to it asks for it."""

    def below(target: Target, link: Link | None) -> tuple[State, list[Link]]:
        key = key_of(target)
        labels = needs.start(target, chosen=chosen) if link is None else needs.asked(link)
        return (key, labels), needs.below(key, labels)

    return below


def _upward(needs: Needs, parents: Links) -> Below:
    """Who needs a target, and of it what the link to it, which comes from below, belongs to."""

    def below(target: Target, link: Link | None) -> tuple[State, list[Link]]:
        via = link.via if link is not None else ""
        return (key_of(target), via), askers(needs, parents, target, via)

    return below


class _Open(NamedTuple):
    """A node whose children are being made."""

    target: Target
    link: Link | None
    below: list[Link]
    children: list[Node]


class _Drawing:
    """Remembers which subtrees were shown. No recursion: a lock's chains are as long as it likes."""

    def __init__(self, below: Below, options: TreeOptions) -> None:
        self._below = below
        self._options = options
        self._shown: set[State] = set()
        self._path: dict[State, _Open] = {}
        self._lines = 0

    def __repr__(self) -> str:
        return f"_Drawing({len(self._shown)} shown)"

    def trees(self, roots: list[Target]) -> tuple[Node, ...]:
        found: list[Node] = []
        for root in roots:
            self._enter(root, None, found)
            while self._path:
                state, top = next(reversed(self._path.items()))
                if len(top.children) < len(top.below):
                    link = top.below[len(top.children)]
                    self._enter(link.target, link, top.children)
                else:
                    del self._path[state]
                    above = next(reversed(self._path.values())).children if self._path else found
                    above.append(self._node(top.target, top.link, children=tuple(top.children)))
        return tuple(found)

    def _enter(self, target: Target, link: Link | None, siblings: list[Node]) -> None:
        """Add a node without children to its siblings, or open one that has some."""
        self._lines += 1
        if self._lines > MOST_LINES and self._options.repeat:
            raise TreeTooLarge
        state, links = self._below(target, link)
        below = [entry for entry in links if entry.target.name not in self._options.prune]
        too_deep = self._options.depth is not None and len(self._path) >= self._options.depth
        # A cycle would never end; elsewhere a second look at the same subtree is the reader's choice.
        repeated = bool(below) and (state in self._path or (state in self._shown and not self._options.repeat))
        if below and not repeated and not too_deep:
            self._shown.add(state)
            self._path[state] = _Open(target, link, below, [])
        else:
            siblings.append(self._node(target, link, repeated=repeated and not too_deep))

    def _node(
        self, target: Target, link: Link | None, *, repeated: bool = False, children: tuple[Node, ...] = ()
    ) -> Node:
        return Node(
            name=target.name,
            version="" if isinstance(target, LockedMember) else target.version,
            kind="member" if isinstance(target, LockedMember) else "package",
            # Upside down the line is about who asks, and the extras are of what is asked for.
            extras=link.edge.extras if link is not None and not self._options.invert else (),
            via=link.via if link is not None else "",
            marker=link.edge.marker if link is not None else "",
            repeated=repeated,
            children=children,
        )


def _is_duplicate(graph: Graph, target: Target) -> bool:
    return len(graph.packages.get(target.name, ())) > 1


def format_tree(nodes: Iterable[Node], *, members_by_path: Mapping[NormalizedName, str] | None = None) -> str:
    """The trees as text, one line per node."""
    lines: list[str] = []
    for node in nodes:
        lines.append(_label(node, members_by_path or {}))
        waiting = _drawn(node, "")
        while waiting:
            margin, branch, child = waiting.pop()
            lines.append(f"{margin}{branch}{_label(child, {})}")
            waiting += _drawn(child, margin + ("    " if branch == _LAST else "│   "))
    return "".join(f"{line}\n" for line in lines)


_LAST = "└── "


def _drawn(node: Node, margin: str) -> list[tuple[str, str, Node]]:
    """The lines below a node, the last one first."""
    return [(margin, "├── " if position else _LAST, child) for position, child in enumerate(reversed(node.children))]


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
