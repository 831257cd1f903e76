"""What a command is about: flags in uv's and Poetry's spellings into a selection of members, extras and groups.

Without flags it is the member one stands in, with its default groups. At a virtual root it is every member and the
root's groups, as with uv. An exclusion beats an inclusion; ``--only-*`` leaves the project and its defaults out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

import msgspec

from interlock.core.lock.conflicts import ConflictingSelection, conflicting
from interlock.core.lock.model import Lock
from interlock.core.manifests.group_includes import UnknownGroup, expand_group
from interlock.core.manifests.manifest import ConflictItem, Manifest
from interlock.core.manifests.problems import suggest
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import ExtraName, GroupName, NormalizedName, normalize_extra, normalize_group, normalize_name
from interlock.errors import UsageError
from interlock.workspace.members import VIRTUAL_ROOT, Workspace

__all__ = [
    "ConflictingSelection",
    "NoSuchExtra",
    "NoSuchGroup",
    "SelectionFlags",
    "by_environment",
    "locked_extras",
    "refuse_conflicting",
    "select",
]

Extras = Mapping[NormalizedName, frozenset[ExtraName]]
_NOTHING: Extras = {}
_Name = TypeVar("_Name")
_DEV = GroupName("dev")
_MAIN = GroupName("main")
_SEPARATORS = re.compile(r"[,\s]+")


class NoSuchGroup(UsageError):
    """A group is selected that no selected member has."""

    code = "no-such-group"


class NoSuchExtra(UsageError):
    """An extra is selected that no selected member has."""

    code = "no-such-extra"


class SelectionFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says. Texts may hold several names, separated by commas or spaces."""

    packages: tuple[str, ...] = ()
    all_packages: bool = False
    groups: tuple[str, ...] = ()
    """``--group``"""
    no_groups: tuple[str, ...] = ()
    only_groups: tuple[str, ...] = ()
    all_groups: bool = False
    no_default_groups: bool = False
    dev: bool = False
    no_dev: bool = False
    only_dev: bool = False
    extras: tuple[str, ...] = ()
    no_extras: tuple[str, ...] = ()
    all_extras: bool = False
    with_groups: tuple[str, ...] = ()
    """Poetry's ``--with``"""
    without_groups: tuple[str, ...] = ()
    """Poetry's ``--without``"""
    only: tuple[str, ...] = ()
    """Poetry's ``--only``; ``main`` means the project's own dependencies."""
    no_install_project: bool = False
    no_install_workspace: bool = False
    no_install_local: bool = False
    no_install_packages: tuple[NormalizedName, ...] = ()
    no_root: bool = False
    """Poetry's spelling of ``no_install_project``."""
    only_root: bool = False
    """Poetry's: the selected members, without anything they need."""
    no_directory: bool = False
    """Poetry's: source trees that are only depended on are not installed."""


class _Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """The flags with names normalised and the two spellings joined."""

    groups: frozenset[GroupName]
    excluded: frozenset[GroupName]
    only: frozenset[GroupName] | None
    extras: frozenset[ExtraName]
    no_extras: frozenset[ExtraName]
    main: bool
    """The projects' own dependencies."""


def select(
    workspace: Workspace,
    flags: SelectionFlags,
    *,
    local: Collection[NormalizedName] = (),
    locked: Collection[NormalizedName] = (),
    absent: Collection[NormalizedName] = (),
    extras: Extras = _NOTHING,
) -> Selection:
    """Decide what is wanted.

    ``extras`` are those of members whose manifests leave them to the backend, as a lock has them. ``locked`` are all
    locked packages and ``local`` those that come from a directory or file of this machine, for the flags that leave
    these out; ``absent`` are locked members whose directories are not here. Raises :class:`UsageError`, and
    :class:`ManifestError` for a selected group that cannot be used.
    """
    wishes = _wishes(flags)
    chosen = _manifests(workspace, flags)
    _check_groups(workspace, chosen, wishes)
    known = [_extras_of(manifest, extras) for manifest in chosen]
    _check_extras(chosen, known, wishes)
    members = [_member(manifest, wishes, flags, known=of) for manifest, of in zip(chosen, known, strict=True)]
    members += _root_groups(workspace, chosen, wishes)
    kept = tuple(member for member in members if member.project or member.groups)
    return Selection(members=kept, skip=_skipped(workspace, flags, kept, local=local, locked=locked, absent=absent))


def _wishes(flags: SelectionFlags) -> _Wishes:
    groups = _names(flags.groups + flags.with_groups, normalize_group)
    excluded = _names(flags.no_groups + flags.without_groups, normalize_group)
    only: frozenset[GroupName] | None = None
    if flags.only_groups or flags.only_dev or flags.only:
        only = _names(flags.only_groups + flags.only, normalize_group) | ({_DEV} if flags.only_dev else set())
        excluded = _names(flags.no_groups, normalize_group) if not flags.only else frozenset()
    if flags.dev:
        groups |= {_DEV}
    if flags.no_dev:
        excluded |= {_DEV}
    return _Wishes(
        groups=groups - {_MAIN},
        excluded=excluded,
        only=only,
        extras=_names(flags.extras, normalize_extra),
        no_extras=_names(flags.no_extras, normalize_extra),
        main=_MAIN in only if only is not None else _MAIN not in excluded,
    )


def _names(texts: Iterable[str], normalize: Callable[[str], _Name]) -> frozenset[_Name]:
    return frozenset(normalize(name) for text in texts for name in _SEPARATORS.split(text) if name)


def _manifests(workspace: Workspace, flags: SelectionFlags) -> list[Manifest]:
    """The manifests of what is selected; a virtual root's stands for its groups."""
    if flags.packages and not flags.all_packages:
        names = sorted(_names(flags.packages, normalize_name))
        return [workspace.member(name).manifest for name in names]
    if workspace.current is not None and not flags.all_packages:
        return [workspace.member(workspace.current).manifest]
    members = [member.manifest for member in workspace.members]
    return members if workspace.manifest.name is not None else [workspace.manifest, *members]


def _member(
    manifest: Manifest, wishes: _Wishes, flags: SelectionFlags, *, known: frozenset[ExtraName] | None
) -> MemberSelection:
    extras = _extras(known, wishes, flags)
    known_groups = {*manifest.groups, *manifest.group_problems}
    if wishes.only is not None:
        groups = wishes.only & known_groups
    else:
        groups = wishes.groups & known_groups
        if flags.all_groups:
            groups |= known_groups
        elif not flags.no_default_groups:
            groups |= _defaults(manifest)
    groups -= wishes.excluded
    for group in groups:
        expand_group(manifest, group)
    project = wishes.main and manifest.name is not None
    return MemberSelection(
        member=manifest.name or VIRTUAL_ROOT,
        project=project,
        extras=extras if project and wishes.only is None else (),
        groups=tuple(sorted(groups)),
    )


def _defaults(manifest: Manifest) -> set[GroupName]:
    known = {*manifest.groups, *manifest.group_problems}
    if manifest.default_groups is None:
        return {_DEV} & known
    if manifest.default_groups == ("all",):
        return known - manifest.optional_groups
    for group in manifest.default_groups:
        if group not in known:
            raise UnknownGroup(manifest, group, included_by="default-groups")
    return set(manifest.default_groups)


def locked_extras(lock: Lock) -> Extras:
    """The extras that a lock has of each member."""
    return {member.name: frozenset(member.extras) for member in lock.members}


def _extras_of(manifest: Manifest, locked: Extras) -> frozenset[ExtraName] | None:
    """The extras of a member; None for one whose backend has not been asked yet."""
    if "optional-dependencies" not in manifest.dynamic or manifest.name is None:
        return frozenset(manifest.extras)
    return locked.get(manifest.name)


def _extras(known: frozenset[ExtraName] | None, wishes: _Wishes, flags: SelectionFlags) -> tuple[ExtraName, ...]:
    wanted = set(known or ()) if flags.all_extras else set()
    wanted |= {extra for extra in wishes.extras if known is None or extra in known}
    return tuple(sorted(wanted - wishes.no_extras))


def _root_groups(workspace: Workspace, chosen: list[Manifest], wishes: _Wishes) -> list[MemberSelection]:
    """Groups of the root that were asked for by name while only members are selected that do not have them.

    Never ``dev``, which every project has its own of: the root's must not leak to a member.
    """
    root = workspace.manifest
    if any(manifest is root for manifest in chosen):
        return []
    had = {group for manifest in chosen for group in (*manifest.groups, *manifest.group_problems)}
    asked = wishes.groups if wishes.only is None else wishes.only
    groups = sorted((asked & {*root.groups, *root.group_problems}) - had - wishes.excluded - {_DEV})
    for group in groups:
        expand_group(root, group)
    return [MemberSelection(member=root.name or VIRTUAL_ROOT, project=False, groups=tuple(groups))] if groups else []


def _check_groups(workspace: Workspace, chosen: list[Manifest], wishes: _Wishes) -> None:
    known = {
        group for manifest in (*chosen, workspace.manifest) for group in (*manifest.groups, *manifest.group_problems)
    }
    for group in sorted(wishes.groups | wishes.excluded | (wishes.only or frozenset())):
        if group not in known and group not in {_DEV, _MAIN}:
            raise NoSuchGroup(
                f"There is no dependency group `{group}` in {_listed(chosen)}.{suggest(group, known)}",
                hint=f"Known groups: {', '.join(sorted(known))}." if known else "There are no dependency groups.",
                facts={"group": group, "known": sorted(known)},
            )


def _check_extras(chosen: list[Manifest], found: list[frozenset[ExtraName] | None], wishes: _Wishes) -> None:
    if None in found:
        return
    known = {extra for extras in found for extra in extras or ()}
    for extra in sorted(wishes.extras | wishes.no_extras):
        if extra not in known:
            raise NoSuchExtra(
                f"Extra [{extra}] is not specified by {_listed(chosen)}.{suggest(extra, known)}",
                hint=f"Known extras: {', '.join(sorted(known))}." if known else "There are no extras.",
                facts={"extra": extra, "known": sorted(known)},
            )


def _listed(chosen: list[Manifest]) -> str:
    names = [manifest.display_name or "the workspace root" for manifest in chosen]
    return " or ".join(names) if 0 < len(names) <= 3 else "any member"


def refuse_conflicting(workspace: Workspace, members: Iterable[MemberSelection]) -> None:
    """Tell of what is declared to conflict and selected by name, before there is a lock that tells what is reached.

    Raises :class:`ConflictingSelection`.
    """
    selected = {member.member: member for member in members}
    for conflict in workspace.settings.conflicts:
        active = [item for item in conflict if _is_active(item, selected.get(item.member))]
        if len(active) > 1 and not any(_has_own_python(workspace, item) for item in active):
            raise conflicting(active, [[item] for item in active])


def by_environment(env: str, whole: Selection) -> list[Selection]:
    """What is selected, for each environment that it belongs in."""
    if env != "member":
        return [whole]
    return [Selection(members=(chosen,), skip=whole.skip) for chosen in whole.members]


def _has_own_python(workspace: Workspace, item: ConflictItem) -> bool:
    """Whether a group counts on some Pythons only, and so may never be there with another."""
    member = workspace.by_name.get(item.member)
    manifest = workspace.manifest if member is None else member.manifest
    return item.group is not None and item.group in manifest.group_requires_python


def _is_active(item: ConflictItem, selection: MemberSelection | None) -> bool:
    if selection is None:
        return False
    if item.extra is not None:
        return item.extra in selection.extras
    if item.group is not None:
        return item.group in selection.groups
    return selection.project


def _skipped(
    workspace: Workspace,
    flags: SelectionFlags,
    members: tuple[MemberSelection, ...],
    *,
    local: Collection[NormalizedName],
    locked: Collection[NormalizedName],
    absent: Collection[NormalizedName],
) -> frozenset[NormalizedName]:
    everyone = {*workspace.by_name, *absent}
    selected = {member.member for member in members if member.project}
    skipped = set(flags.no_install_packages)
    # Poetry's --only is about dependencies: even `--only main` leaves the project itself out.
    if flags.no_install_project or flags.no_root or flags.only:
        skipped |= selected
    if flags.no_install_workspace or flags.no_install_local:
        skipped |= everyone
    if flags.no_install_local:
        skipped |= set(local)
    if flags.only_root:
        skipped |= (everyone - selected) | set(locked)
    if flags.no_directory:
        skipped |= (everyone - selected) | set(local)
    return frozenset(skipped)
