"""What the resolver is asked: each member's requirements, with the source each is to come from.

Sources are the member's own entry for a name or, without one, the root's whole entry. A requirement on a member needs
an entry that says so: the name of a member is never looked up on an index.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from interlock.core.manifests.group_includes import python_of_group, written_in_groups
from interlock.core.manifests.manifest import IncludeGroup, Manifest, SourceRule
from interlock.core.manifests.problems import suggest
from interlock.core.markers.diagram import FALSE, TRUE, Marker, format_marker, parse_marker, requires_python_marker
from interlock.core.members.asks import Ask, Inclusion, MemberAsks, Origin
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.requirements.slot import PROJECT_TABLE, Slot, extra_table, group_table, slot_of
from interlock.core.settings.name_set import NO_NAMES, NameSet
from interlock.core.sources.direct_references import parse_url_source
from interlock.core.sources.index_order import DEFAULT_INDEX
from interlock.core.sources.source import Directory, Registry, Source
from interlock.core.sources.source import Member as FromMember
from interlock.errors import ManifestError
from interlock.resolution.external_tree import SourceNotMember, UnknownSourceIndex, restricted
from interlock.resolution.placing import placed
from interlock.resolution.source_rules import counting_rules
from interlock.workspace.discovery import discover
from interlock.workspace.members import VIRTUAL_ROOT, Workspace

__all__ = [
    "Asked",
    "ConflictingSources",
    "Lowering",
    "MemberWithoutSource",
    "SourceNotMember",
    "UnknownExtra",
    "UnknownSourceIndex",
    "lower",
]


_NOTHING: Mapping[NormalizedName, Collection[str]] = {}


class MemberWithoutSource(ManifestError):
    """A member is required, and nothing says that the member is meant."""

    code = "member-without-source"


class ConflictingSources(ManifestError):
    """A requirement has a URL and its name has a source as well."""

    code = "conflicting-sources"


class UnknownExtra(ManifestError):
    """An extra of a member is required that the member does not have."""

    code = "unknown-extra"


def lower(
    workspace: Workspace,
    *,
    absent: frozenset[NormalizedName] = frozenset(),
    sourceless: NameSet = NO_NAMES,
    left_out: Mapping[NormalizedName, Collection[str]] = _NOTHING,
) -> tuple[MemberAsks, ...]:
    """Everything the members ask for, in their order; a virtual root with groups comes first, as :data:`VIRTUAL_ROOT`.

    ``absent`` are members that a part of a checkout does not have; a requirement on one of these is taken as it is.
    Groups that cannot be used are left out; using one is an error of its own. ``sourceless`` are names whose entries in
    sources tables do not count: a member of such a name is looked up on the index. ``left_out`` are tables by member
    that a part of a workspace does not have. Raises :class:`ManifestError`.
    """
    lowering = Lowering(workspace, absent, sourceless)
    found = [
        lowering.member(member.manifest, member.name, frozenset(left_out.get(member.name, ())))
        for member in workspace.members
    ]
    if workspace.manifest.name is None and (workspace.manifest.groups or workspace.manifest.group_problems):
        found.insert(0, lowering.member(workspace.manifest, VIRTUAL_ROOT))
    return tuple(found)


class Lowering:
    """The work of :func:`lower`, whose arguments these are; memoises what many members share."""

    def __init__(self, workspace: Workspace, absent: frozenset[NormalizedName], sourceless: NameSet) -> None:
        self.workspace = workspace
        self._sourceless = sourceless
        self._others: dict[str, Workspace] = {}
        self.absent = absent
        # What a flag or a person's own configuration calls an index is nothing that a repository can rely on.
        self.indexes = {DEFAULT_INDEX} | {index.name for index in workspace.settings.indexes}
        self._root = workspace.root.as_posix()

    def member(self, manifest: Manifest, name: NormalizedName, left_out: frozenset[str] = frozenset()) -> MemberAsks:
        groups: dict[GroupName, tuple[Ask, ...]] = {}
        includes: dict[str, tuple[Inclusion, ...]] = {}
        for group in manifest.groups:
            table = group_table(group)
            if table in left_out:
                continue
            try:
                written = written_in_groups(manifest, group)
            except ManifestError:
                continue  # an error when the group is asked for, not before (PEP 735)
            asked = Asked(self, manifest, name, table)
            groups[group] = asked.all_of_groups(written)
            included = (entry.group for entry in manifest.groups[group] if isinstance(entry, IncludeGroup))
            includes[table] = tuple(Inclusion(group=name) for name in dict.fromkeys(included))
        project = Asked(self, manifest, name, PROJECT_TABLE)
        extras: dict[ExtraName, tuple[Ask, ...]] = {}
        own = manifest.dependencies if PROJECT_TABLE not in left_out else ()
        includes[PROJECT_TABLE] = project.included(own)
        for extra, requirements in manifest.extras.items():
            table = extra_table(extra)
            if table in left_out:
                continue
            asked = Asked(self, manifest, name, table)
            extras[extra] = asked.all(requirements)
            includes[table] = asked.included(requirements)
        return MemberAsks(
            name=name,
            path=manifest.path,
            version=manifest.version or "",
            requires_python=manifest.requires_python,
            package=manifest.package,
            dependencies=project.all(own),
            extras=extras,
            groups=groups,
            includes={table: found for table, found in includes.items() if found},
            group_requires_python={group: python for group in groups if (python := python_of_group(manifest, group))},
            left_out=tuple(sorted(left_out)),
        )

    def is_sourceless(self, name: NormalizedName) -> bool:
        """Whether the sources table is not to be looked at for a name."""
        return name in self._sourceless

    def place(self, source: Source) -> Source:
        """The source with an absolute path made relative to the root; a directory that is a member's is the member."""
        found = placed(source, self._root)
        member = self.workspace.by_path.get(found.path) if isinstance(found, Directory) else None
        return FromMember(member.name) if member is not None else found

    def other_workspace(self, path: str) -> Workspace:
        """The workspace whose root is there; raises what discovery raises."""
        found = self._others.get(path)
        if found is None:
            place = Path(os.path.normpath(self.workspace.root / path))
            found = self._others[path] = discover(place, project=place)
        return found


class Asked:
    """The asks of one table of one manifest."""

    def __init__(self, lowering: Lowering, manifest: Manifest, name: NormalizedName, table: str) -> None:
        self.lowering = lowering
        self.manifest = manifest
        self.name = name
        self.table = table
        self.slot = slot_of(table)

    def all(self, requirements: Iterable[Requirement]) -> tuple[Ask, ...]:
        """References of the project to its own extras are replaced by what is in them, each extra once, where any way
        leads to it."""
        written = tuple(requirements)
        found = [ask for item in written if item.name != self.name for ask in self._ask(item, self.slot)]
        for extra, marker in self._own_extras(written).items():
            for item in self.manifest.extras.get(extra, ()):
                if item.name != self.name:
                    found += self._ask(restricted(item, marker), Slot(extra), marker)
        return tuple(found)

    def all_of_groups(self, written: Iterable[tuple[GroupName, Requirement]]) -> tuple[Ask, ...]:
        """A group keeps a reference of the project to its own extras: there it asks for the project itself too."""
        found: list[Ask] = []
        for group, item in written:
            if item.name == self.name:
                self._check_extras(item)
            found += self._ask(item, Slot(group=group))
        return tuple(found)

    def included(self, requirements: Iterable[Requirement]) -> tuple[Inclusion, ...]:
        """The extras of the project that its requirements lead to."""
        found = self._own_extras(tuple(requirements))
        return tuple(Inclusion(extra=extra, marker=marker) for extra, marker in sorted(found.items()))

    def _own_extras(self, requirements: tuple[Requirement, ...]) -> dict[ExtraName, str]:
        """The extras of the project that requirements lead to, with the conditions, but for the extra they are of."""
        where: dict[ExtraName, Marker] = {self.slot.extra: TRUE} if self.slot.extra else {}
        texts: dict[ExtraName, str] = {}
        waiting = deque([(requirements, TRUE, "")])
        while waiting:
            entries, above, text = waiting.popleft()
            for requirement in entries:
                if requirement.name != self.name:
                    continue
                self._check_extras(requirement)
                condition = above & parse_marker(requirement.marker)
                written = requirement.marker if above is TRUE else text if condition is above else None
                for extra in requirement.extras:
                    before = where.get(extra, FALSE)
                    where[extra] = now = before | condition
                    if now is not before:
                        single = before is FALSE and written is not None
                        texts[extra] = written if single and written is not None else format_marker(now)
                        waiting.append((self.manifest.extras.get(extra, ()), now, texts[extra]))
        return texts

    def _ask(self, requirement: Requirement, written: Slot, under: str = "") -> list[Ask]:
        """With its sources: those for the slot it is ``written`` in.

        ``under`` is the marker of the references that lead to it, which is part of its own.
        """
        origin = Origin(
            member=self.name, table=self.table, text=format_requirement(requirement), path=self.manifest.path
        )
        rules = self._rules(requirement.name, written)
        if requirement.url:
            return [self.by_url(requirement, rules, under, origin)]
        if not rules and requirement.name == self.name:
            rules = (SourceRule(source=FromMember(self.name)),)
        asks = []
        rest = TRUE if rules and all(rule.marker for rule in rules) else FALSE
        for rule in rules:
            source = self._source(rule, requirement)
            self._check_rule(requirement, source)
            asks.append(
                Ask(
                    requirement=restricted(requirement, rule.marker),
                    source=source,
                    editable=rule.editable,
                    condition=_both(under, rule.marker),
                    origin=origin,
                )
            )
            if rest is not FALSE:
                rest = rest & ~parse_marker(rule.marker)
        if not rules:
            self.need_source(requirement)
            asks.append(Ask(requirement=requirement, condition=under, origin=origin))
        elif rest is not FALSE and not (where := parse_marker(requirement.marker) & rest).is_false:
            asks.append(
                msgspec.structs.replace(
                    self._rest(requirement, where, origin), condition=_both(under, format_marker(rest))
                )
            )
        return asks

    def by_url(self, requirement: Requirement, rules: tuple[SourceRule, ...], under: str, origin: Origin) -> Ask:
        if rules:
            raise ConflictingSources(
                f"{self._where(requirement)} has a URL, and `{requirement.name}` has a source as well.",
                hint="Remove one of the two.",
            )
        source = self.lowering.place(parse_url_source(requirement.url, self.manifest.path))
        self._check_member(requirement, source)
        bare = msgspec.structs.replace(requirement, url="")
        return Ask(requirement=bare, source=source, condition=under, origin=origin)

    def _is_needed_nowhere(self, rule: SourceRule, requirement: Requirement) -> bool:
        where = parse_marker(requirement.marker) & parse_marker(rule.marker)
        return (where & requires_python_marker(self.manifest.requires_python)).is_false

    def _source(self, rule: SourceRule, requirement: Requirement) -> Source:
        """What a rule means; where it names another workspace, the source tree of its member."""
        if not rule.workspace or not isinstance(rule.source, Directory) or self._is_needed_nowhere(rule, requirement):
            return self.lowering.place(rule.source)
        other = self.lowering.other_workspace(rule.source.path)
        member = other.by_name.get(requirement.name)
        if member is None:
            raise SourceNotMember(
                f"`{requirement.name}` comes from the workspace in {rule.source.path} ({self._file}), which has no"
                f" member of that name.{suggest(requirement.name, other.by_name)}",
                facts={"name": requirement.name, "file": self._file},
            )
        return self.lowering.place(Directory(path=member.directory.as_posix(), editable=rule.source.editable))

    def _rest(self, requirement: Requirement, rest: Marker, origin: Origin) -> Ask:
        """What remains where the markers of all the sources are false: the index answers."""
        marker = "" if rest is TRUE else format_marker(rest)
        if self.lowering.workspace.find(requirement.name) is not None:
            raise MemberWithoutSource(
                f"{self._where(requirement)} is a member of this workspace, but no source says so where"
                f" `{marker}` holds.",
                hint="Give the entry without a marker, or put the marker on the requirement.",
                facts={"member": self.manifest.name, "name": requirement.name, "marker": marker},
            )
        return Ask(requirement=msgspec.structs.replace(requirement, marker=marker), origin=origin)

    def _rules(self, name: NormalizedName, written: Slot) -> tuple[SourceRule, ...]:
        """The entries that count for a slot; a member's own entry replaces the root's whole entry."""
        if self.lowering.is_sourceless(name):
            return ()
        rules = self.manifest.sources.get(name)
        if rules is None:
            rules = self.lowering.workspace.manifest.sources.get(name, ())
        return counting_rules(rules, written, self.slot)

    def _check_rule(self, requirement: Requirement, source: Source) -> None:
        if isinstance(source, Registry) and source.index not in self.lowering.indexes:
            known = sorted(self.lowering.indexes)
            raise UnknownSourceIndex(
                f"{self._where(requirement)} comes from index `{source.index}`, which is not"
                f" declared.{suggest(source.index, known)}",
                hint="Add it to the indexes of the workspace root; flags only say where a declared one is.",
                facts={"index": source.index, "known": known},
            )
        if isinstance(source, FromMember) and source.name in self.lowering.absent:
            return
        if isinstance(source, FromMember) and self.lowering.workspace.find(source.name) is None:
            raise SourceNotMember(
                f"`{source.name}` has the source `workspace = true` ({self._file}), but the workspace has no member of"
                f" that name.{suggest(source.name, self.lowering.workspace.by_name)}",
                hint="Add its directory to the members of the workspace, or give another source.",
                facts={"name": source.name, "file": self._file},
            )
        self._check_member(requirement, source)

    def _check_member(self, requirement: Requirement, source: Source) -> None:
        """Extras of a member have to exist, and a member has to be the member."""
        member = self.lowering.workspace.find(requirement.name)
        if isinstance(source, FromMember):
            self._check_extras(requirement)
        elif member is not None and isinstance(source, Registry):
            self.need_source(requirement)

    def _check_extras(self, requirement: Requirement) -> None:
        owner = self.lowering.workspace.find(requirement.name)
        manifest = owner.manifest if owner is not None else self.manifest
        if "optional-dependencies" in manifest.dynamic:
            return
        for extra in requirement.extras:
            if extra not in manifest.extras:
                known = sorted(manifest.extras)
                raise UnknownExtra(
                    f"{self._where(requirement)}: `{requirement.name}` has no extra `{extra}`.{suggest(extra, known)}",
                    hint=f"Extras of `{requirement.name}`: {', '.join(known)}." if known else None,
                    facts={"member": requirement.name, "extra": extra, "known": known},
                )

    def need_source(self, requirement: Requirement) -> None:
        name = requirement.name
        if self.lowering.workspace.find(name) is None or self.lowering.is_sourceless(name):
            return
        owner = self.lowering.workspace.manifest if self.manifest.dialect == "standard" else self.manifest
        table = ".".join((*owner.tool_table, "sources"))
        raise MemberWithoutSource(
            f"{self._where(requirement)} is a member of this workspace, but no source says so.",
            hint=f"Add `{name} = {{ workspace = true }}` to [{table}] in {self._file}.",
            facts={"member": self.manifest.name, "name": name, "file": self._file, "table": table},
        )

    @property
    def _file(self) -> str:
        return "pyproject.toml" if self.manifest.path == "." else f"{self.manifest.path}/pyproject.toml"

    def _where(self, requirement: Requirement) -> str:
        return f"`{format_requirement(requirement)}` in {self.table.replace(':', ' ')} of {self._file}"


def _both(one: str, other: str) -> str:
    if not one or not other:
        return one or other
    return f"({one}) and ({other})"
