"""The environments of a workspace: where each is, what it is like, making and removing them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.names import NormalizedName
from interlock.envs.discovery import parse_request
from interlock.envs.environments import (
    BrokenEnvironment,
    NotOurs,
    VirtualEnvironment,
    create_environment,
    is_ours,
    load_environment,
    recorded_python,
    remove_environment,
)
from interlock.errors import EnvironmentFailure
from interlock.means import Means
from interlock.store.locks import hold_sync
from interlock.toolchain.python import choose_interpreter, pythons_of
from interlock.workspace.discovery import discover
from interlock.workspace.guards import environment_guard
from interlock.workspace.here import workspace_or_none
from interlock.workspace.home import expanded
from interlock.workspace.members import Member, Workspace

__all__ = [
    "EnvironmentExists",
    "EnvironmentState",
    "NoEnvironment",
    "active_environment",
    "environment_path",
    "existing",
    "find_environment",
    "iter_environment_paths",
    "list_environments",
    "look_at",
    "make_environment",
    "remove_environments",
    "usual_path",
    "with_environment",
]


class EnvironmentExists(EnvironmentFailure):
    code = "environment-exists"


class NoEnvironment(EnvironmentFailure):
    code = "no-environment"


class EnvironmentState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one place for an environment."""

    path: Path
    member: NormalizedName | None = None
    """Whose strict environment it is; None for the shared one."""
    environment: VirtualEnvironment | None = None
    """None when there is none, or a broken one."""
    ours: bool = False
    problem: str = ""
    """Why it cannot be used, when it is broken."""


def environment_path(means: Means, workspace: Workspace, member: Member | None = None) -> Path:
    """Where the shared environment is, or a member's own when environments are per member.

    One for another Python than it has, asked for on the command line, lies beside it (``.venv-3.13``), so that the two
    do not replace each other. Blocking.
    """
    usual = usual_path(means, workspace, member)
    asked, settings = means.settings.python_flag or "", means.settings
    if not asked or settings.environment_path or settings.active:
        return usual
    request, there = parse_request(asked), recorded_python(usual)
    label = request.label
    return usual if there is None or not label or request.admits(*there) else usual.with_name(f"{usual.name}-{label}")


def usual_path(means: Means, workspace: Workspace, member: Member | None = None) -> Path:
    """The same, whatever Python it is for."""
    settings = means.settings
    active = active_environment(means.environ) if settings.active else ""
    if active:
        return Path(active)
    if member is not None and settings.env == "member":
        return member.directory / ".venv"
    if settings.environment_path:
        return workspace.root / expanded(settings.environment_path)
    return workspace.root / ".venv"


def active_environment(environ: Mapping[str, str]) -> str:
    """The environment that a shell has activated; conda's base is where conda itself lives, and does not count."""
    conda = environ.get("CONDA_PREFIX", "")
    is_base = environ.get("CONDA_DEFAULT_ENV", "") in {"base", "root"}
    return environ.get("VIRTUAL_ENV", "") or ("" if is_base else conda)


def with_environment(context: Context, path: Path) -> Context:
    """The same command with the shared environment at another place."""
    environ = {**context.means.environ, "INTERLOCK_PROJECT_ENVIRONMENT": str(path)}
    return context.with_environ(environ).asking(env="shared")


def iter_environment_paths(means: Means, workspace: Workspace) -> dict[Path, NormalizedName | None]:
    """Every place where this workspace may have an environment: the shared one, then each member's."""
    shared = usual_path(means, workspace)
    places: dict[Path, NormalizedName | None] = {shared: None}
    for member in workspace.members:
        places.setdefault(member.directory / ".venv", member.name)
    for place, name in list(places.items()):
        for other in sorted(place.parent.glob(f"{place.name}-*")):
            if is_ours(other):
                places.setdefault(other, name)
    return places


async def make_environment(
    context: Context, path: str = "", *, prompt: str = "", system_site_packages: bool = False, clear: bool = False
) -> VirtualEnvironment:
    """Make an environment at a path, or where the workspace's own is expected.

    Raises :class:`EnvironmentExists` for one that is there, unless it is ours and ``clear`` is set.
    """

    def make() -> VirtualEnvironment:
        workspace = workspace_or_none(context.place.start, context.means.layout)
        here = context if workspace is None else context.within(workspace.settings)
        if path:
            place = context.place.directory / expanded(path)
        elif workspace is not None:
            member = workspace.find(workspace.current) if workspace.current is not None else None
            place = usual_path(here.means, workspace, member)
        else:
            place = context.place.directory / ".venv"
        if (place / "pyvenv.cfg").exists():
            if not is_ours(place):
                raise NotOurs(place, "it is a virtual environment made by another tool")
            if not clear:
                raise EnvironmentExists(
                    f"There is an environment at {place} already.", hint="Replace it with `interlock venv --clear`."
                )
        interpreter = choose_interpreter(
            pythons_of(here.means, here.place.start),
            start=here.place.start,
            root=workspace.root if workspace is not None else None,
            requires_python=_range(workspace) if not path else "",
        )
        name = prompt or (workspace.root.name if workspace is not None and not path else "")
        with hold_sync(environment_guard(place), passing=True):
            return create_environment(place, interpreter, prompt=name, system_site_packages=system_site_packages)

    return await anyio.to_thread.run_sync(make)


async def find_environment(context: Context, members: tuple[NormalizedName, ...] = ()) -> EnvironmentState:
    """The environment that a member uses, or the one used here; whether it exists or not."""

    def look() -> EnvironmentState:
        workspace = discover(context.place.start, layout=context.means.layout)
        here = context.within(workspace.settings)
        name = members[0] if members else workspace.current
        member = workspace.member(name) if name is not None else None
        strict = here.means.settings.env == "member" and member is not None
        return look_at(
            here.means.interpreters, environment_path(here.means, workspace, member), name if strict else None
        )

    return await anyio.to_thread.run_sync(look)


async def existing(context: Context, members: tuple[NormalizedName, ...] = ()) -> VirtualEnvironment:
    """The same, which has to be there. Raises :class:`NoEnvironment`."""
    state = await find_environment(context, members)
    if state.environment is None:
        raise NoEnvironment(
            state.problem or f"There is no environment at {state.path}.", hint="Make it with `interlock sync`."
        )
    return state.environment


async def list_environments(context: Context) -> tuple[EnvironmentState, ...]:
    """The environments that exist, the shared one first."""

    def look() -> tuple[EnvironmentState, ...]:
        workspace = discover(context.place.start, layout=context.means.layout)
        here = context.within(workspace.settings)
        found = [
            look_at(here.means.interpreters, place, name)
            for place, name in iter_environment_paths(here.means, workspace).items()
        ]
        return tuple(state for state in found if state.environment is not None or state.problem)

    return await anyio.to_thread.run_sync(look)


async def remove_environments(
    context: Context, members: tuple[NormalizedName, ...] = (), pythons: tuple[str, ...] = (), *, every: bool = False
) -> tuple[Path, ...]:
    """Remove the shared environment, members' own, those that have certain Pythons, or all; only what Interlock made.

    Raises :class:`NoEnvironment` and :class:`~interlock.envs.environments.NotOurs` before anything is removed.
    """

    def remove() -> tuple[Path, ...]:
        workspace = discover(context.place.start, layout=context.means.layout)
        here = context.within(workspace.settings)
        if every:
            places = [path for path in iter_environment_paths(here.means, workspace) if is_ours(path)]
        elif pythons:
            known = tuple(iter_environment_paths(here.means, workspace))
            places = list(
                dict.fromkeys(path for text in pythons for path in _with_python(known, text, here.place.directory))
            )
        elif members:
            chosen = [workspace.member(name) for name in members]
            places = list(dict.fromkeys(environment_path(here.means, workspace, member) for member in chosen))
        else:
            member = workspace.find(workspace.current) if workspace.current is not None else None
            places = [environment_path(here.means, workspace, member)]
        for place in places:
            if not place.exists():
                raise NoEnvironment(f"There is no environment at {place}.", hint="See `interlock env list`.")
            if not is_ours(place):
                raise NotOurs(place, "it does not carry Interlock's mark in pyvenv.cfg")
        for place in places:
            with hold_sync(environment_guard(place), passing=True):
                remove_environment(place)
        return tuple(places)

    return await anyio.to_thread.run_sync(remove)


def _with_python(places: Collection[Path], text: str, cwd: Path) -> list[Path]:
    """The environments that a Python's version, or their own path, means. Raises :class:`NoEnvironment`."""
    if (named := cwd / text) in places:
        return [named]
    request = parse_request(text)
    found = [path for path in places if (there := recorded_python(path)) is not None and request.admits(*there)]
    if not found:
        raise NoEnvironment(f"No environment of this workspace has `{text}`.", hint="See `interlock env list`.")
    return found


def look_at(interpreters: Path, path: Path, member: NormalizedName | None = None) -> EnvironmentState:
    """What is at a place; blocking."""
    try:
        environment = load_environment(path, interpreters)
    except BrokenEnvironment as error:
        return EnvironmentState(path=path, member=member, ours=error.ours, problem=error.message)
    ours = environment is not None and environment.ours
    return EnvironmentState(path=path, member=member, environment=environment, ours=ours)


def _range(workspace: Workspace | None) -> str:
    """The Python range every member admits, or the current member's own."""
    if workspace is None:
        return ""
    if workspace.current is not None and workspace.by_name[workspace.current].manifest.requires_python:
        return workspace.by_name[workspace.current].manifest.requires_python
    ranges = {member.manifest.requires_python for member in workspace.members if member.manifest.requires_python}
    return ",".join(sorted(ranges))
