"""What needs what in a lock, as far as a selection reaches it.

What a package needs depends on how it is asked for: ``lib[gpu]`` does not need what ``lib[cpu]`` does. So whoever walks
on from a package follows the *labels* that the step before has opened: nothing, ``extra x`` or ``group g``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from interlock.core.lock.conflicts import activity
from interlock.core.lock.graph import Graph, Key, Target, key_of, root_edges
from interlock.core.lock.model import Edge, LockedMember
from interlock.core.lock.select import holding
from interlock.core.manifests.problems import suggest
from interlock.core.markers.diagram import FALSE
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, NormalizedName
from interlock.errors import UsageError

__all__ = ["Labels", "Link", "Links", "Needs", "NotInLock", "askers", "inverted", "links_of", "named", "reached"]


class NotInLock(UsageError):
    code = "not-in-lock"
    exit_code = 1


class Link(msgspec.Struct, frozen=True):
    """An edge with where it leads and what of the package it starts from it belongs to."""

    target: Target
    edge: Edge
    via: str


Links = dict[Key, list[Link]]
"""Of each part of a lock, what it needs."""
Labels = frozenset[str]


class Needs:
    """The links of a selection; made by :func:`links_of`, which fills it, and only read from then on."""

    def __init__(self) -> None:
        self.links: Links = {}
        self.chosen: dict[Key, set[str]] = {}
        """The labels that the selection opens, by member."""
        self.own: dict[Key, dict[str, set[str]]] = {}
        """By label of a part, those that it opens of itself: an extra may name its own package with other extras."""

    def __repr__(self) -> str:
        return f"<Needs of {len(self.links)} parts>"

    def start(self, target: Target, *, chosen: bool = False) -> Labels:
        """What is followed from a target that a walk begins at: all that anybody asks of it, or the selection alone."""
        key = key_of(target)
        if chosen and key in self.chosen:
            return self._opened(key, self.chosen[key])
        return frozenset(link.via for link in self.links.get(key, ()))

    def asked(self, link: Link) -> Labels:
        """What is followed from a link's target."""
        return self._opened(key_of(link.target), ("", *(f"extra {extra}" for extra in link.edge.extras)))

    def below(self, key: Key, labels: Labels) -> list[Link]:
        return [link for link in self.links.get(key, ()) if link.via in labels]

    def _opened(self, key: Key, labels: Iterable[str]) -> Labels:
        own = self.own.get(key, {})
        found = set(labels)
        waiting = list(found)
        while waiting:
            more = own.get(waiting.pop(), set()) - found
            found |= more
            waiting += more
        # Labels that lead nowhere make no difference.
        return frozenset(link.via for link in self.links.get(key, ()) if link.via in found)


def links_of(graph: Graph, selection: Selection, environment: Mapping[str, str] | None) -> Needs:
    """What each part of the lock needs, as far as the selection reaches it."""
    holds = _condition(graph, selection, environment)
    found: dict[Key, dict[tuple[Key, str, tuple[ExtraName, ...]], Link]] = {}
    seen: dict[Key, set[ExtraName]] = {}
    waiting: list[tuple[Target, str, tuple[Edge, ...]]] = []
    needs = Needs()
    for part in selection.members:
        member = graph.member(part.member)
        seen.setdefault(key_of(member), set()).update(part.extras)
        waiting += [(member, via, edges) for via, edges in _parts(member, part)]
        needs.chosen.setdefault(key_of(member), set()).update(via for via, _ in _parts(member, part))
    while waiting:
        parent, via, edges = waiting.pop()
        for edge in edges:
            if not holds(edge.marker):
                continue
            target = graph.target(edge)
            key = key_of(target)
            if key != key_of(parent):
                found.setdefault(key_of(parent), {}).setdefault((key, via, edge.extras), Link(target, edge, via))
            else:
                # An extra that names its own package for others of its extras is followed, but not a need to show.
                opened = ("", *(f"extra {extra}" for extra in edge.extras))
                needs.own.setdefault(key, {}).setdefault(via, set()).update(opened)
            extras = seen.get(key)
            if extras is None:
                extras = seen[key] = set()
                waiting.append((target, "", target.dependencies))
            for extra in edge.extras:
                if extra not in extras:
                    extras.add(extra)
                    waiting.append((target, f"extra {extra}", target.extras.get(extra, ())))
    for key, links in found.items():
        needs.links[key] = sorted(links.values(), key=_order)
    return needs


def _order(link: Link) -> tuple[bool, str, Key, tuple[ExtraName, ...]]:
    return (link.via != "", link.via, key_of(link.target), link.edge.extras)


def _parts(member: LockedMember, part: MemberSelection) -> Iterator[tuple[str, tuple[Edge, ...]]]:
    labels = [""] if part.project else []
    labels += [f"extra {extra}" for extra in part.extras] + [f"group {group}" for group in part.groups]
    return zip(labels, root_edges(member, part), strict=True)


def _condition(graph: Graph, selection: Selection, environment: Mapping[str, str] | None) -> Callable[[str], bool]:
    settled = activity(graph, selection).union()
    return (lambda text: settled(text) is not FALSE) if environment is None else holding(settled, environment)


def reached(graph: Graph, links: Links) -> Iterable[Target]:
    keys = set(links) | {key_of(link.target) for entries in links.values() for link in entries}
    return [target for target in graph.targets() if key_of(target) in keys]


def named(graph: Graph, links: Links, name: NormalizedName) -> list[Target]:
    found = [target for target in reached(graph, links) if target.name == name]
    if not found:
        locked = any(target.name == name for target in graph.targets())
        where = "is locked, but nothing that is selected needs it here." if locked else "is not in the lock."
        near = "" if locked else suggest(name, {target.name for target in graph.targets()})
        hint = "Add --universal or --all-packages, or more groups and extras." if locked else None
        raise NotInLock(f"`{name}` {where}{near}", hint=hint, facts={"package": name})
    return found


def inverted(graph: Graph, links: Links) -> Links:
    """Of each part of a lock, what needs it."""
    parents = {key_of(target): target for target in graph.targets()}
    found: Links = {}
    for key, entries in links.items():
        for link in entries:
            found.setdefault(key_of(link.target), []).append(Link(parents[key], link.edge, link.via))
    for entries in found.values():
        entries.sort(key=lambda link: key_of(link.target))
    return found


def askers(needs: Needs, parents: Links, target: Target, via: str) -> list[Link]:
    """Of :func:`inverted` links those of a target that open one of its labels."""
    return [
        link for link in parents.get(key_of(target), ()) if not via or via in needs.asked(Link(target, link.edge, ""))
    ]
