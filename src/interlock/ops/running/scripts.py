"""Scripts with inline metadata (PEP 723): their own environment, their own lock, and changing what they need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import anyio.to_thread

from interlock.build.environment import BuildEnvironment
from interlock.context import Context
from interlock.core.editing.requirement_wishes import Wish, bounded
from interlock.core.editing.script_metadata import BadScript, ScriptMetadata, change_dependencies, parse_script
from interlock.core.lock.codec import encode_lock
from interlock.core.lock.model import Lock
from interlock.core.lock.select import select
from interlock.core.members.asks import Ask, MemberAsks, Origin
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.core.requirements.parse import parse_requirement
from interlock.core.resolver.problem import Problem
from interlock.core.settings.choices import Bounds
from interlock.envs.interpreters import Interpreter
from interlock.ops.tools import open_toolchain
from interlock.resolution.hashes import fill_hashes
from interlock.resolution.policy import policy_of
from interlock.resolution.provision import Provisioner
from interlock.resolution.resolve import resolve
from interlock.store.replace import read_regular, replace_file
from interlock.store.runs import running_in
from interlock.toolchain.python import choose_interpreter, pythons_of
from interlock.workspace.lockfile import read_lock

__all__ = ["add_to_script", "lock_script", "metadata_of", "remove_from_script", "script_environment", "script_lockfile"]

_SCRIPT = NormalizedName("script")


def script_lockfile(script: Path) -> Path:
    return script.with_name(f"{script.name}.lock")


def metadata_of(script: Path) -> ScriptMetadata | None:
    """What a script says of itself; None for a script that says nothing."""
    return parse_script(_content(script), str(script))


def _content(script: Path) -> bytes:
    try:
        return read_regular(script)
    except OSError as error:
        raise BadScript(f"{script} cannot be read: {error.strerror}.") from error


@asynccontextmanager
async def script_environment(
    context: Context, script: Path, metadata: ScriptMetadata, more: tuple[str, ...] = ()
) -> AsyncIterator[tuple[BuildEnvironment, int]]:
    """An environment of its own, from the lock beside the script when there is one.

    It is kept in the store, and there until the descriptor that comes with it is closed by all who inherit it.
    """

    def choose() -> Interpreter:
        pythons = pythons_of(context.means, context.place.start)
        return choose_interpreter(pythons, start=script.parent, root=None, requires_python=metadata.requires_python)

    interpreter = await anyio.to_thread.run_sync(choose)
    lockfile = script_lockfile(script)
    locked = not more and await anyio.to_thread.run_sync(lockfile.is_file)
    with ExitStack() as stack:
        async with open_toolchain(context) as toolchain:
            provisioner = Provisioner(toolchain.on(interpreter))
            if locked:
                wanted = await anyio.to_thread.run_sync(_wanted, lockfile, interpreter)
                environment = await provisioner.holding(wanted)
            else:
                environment = await provisioner((*metadata.dependencies, *more), purpose=script.name)
            place = Path(environment.path).parent
            keeping = stack.enter_context(running_in(context.means.layout, place, script.name))
        yield environment, keeping


def _wanted(lockfile: Path, interpreter: Interpreter) -> tuple[Wanted, ...]:
    return select(
        read_lock(read_regular(lockfile), str(lockfile)),
        interpreter.markers,
        Selection(members=(MemberSelection(member=_SCRIPT),)),
        tags=interpreter.tags,
    )


async def lock_script(context: Context, script: Path, metadata: ScriptMetadata | None = None) -> Lock:
    """Resolve a script for every platform and write the lock beside it."""
    found = metadata or await anyio.to_thread.run_sync(metadata_of, script)
    if found is None:
        raise BadScript(f"{script} has no inline metadata.", hint=f"Add to it: `interlock add --script {script} NAME`.")
    lock = await _resolved(context, script, found)
    data = encode_lock(lock)
    await anyio.to_thread.run_sync(replace_file, script_lockfile(script), data)
    return lock


async def add_to_script(context: Context, script: Path, wishes: tuple[Wish, ...], bounds: Bounds) -> tuple[str, ...]:
    """Write requirements into a script, bounded by what they resolve to; returns them as written."""
    data = await anyio.to_thread.run_sync(_content, script)
    for wish in wishes:
        if not wish.name or wish.source:
            raise BadScript(f"`{wish.typed}` cannot be added to a script.", hint="Name a package of an index.")
    texts = {wish.normalized: _text(wish, wish.specifier) for wish in wishes}
    tried = change_dependencies(data, str(script), {str(name): text for name, text in texts.items()}, frozenset())
    metadata = parse_script(tried, str(script))
    assert metadata is not None
    lock = await _resolved(context, script, metadata)
    for wish in wishes:
        if not wish.specifier:
            versions = [item.version for item in lock.packages if item.name == wish.normalized]
            texts[wish.normalized] = _text(wish, bounded(bounds, versions))
    changed = change_dependencies(data, str(script), {str(name): text for name, text in texts.items()}, frozenset())
    await anyio.to_thread.run_sync(replace_file, script, changed)
    if await anyio.to_thread.run_sync(script_lockfile(script).is_file):
        await lock_script(context, script)
    return tuple(texts.values())


async def remove_from_script(context: Context, script: Path, names: tuple[NormalizedName, ...]) -> None:
    data = await anyio.to_thread.run_sync(_content, script)
    metadata = parse_script(data, str(script)) or ScriptMetadata()
    known = {parse_requirement(text).name for text in metadata.dependencies}
    for name in names:
        if name not in known:
            raise BadScript(f"`{name}` was not found in {script}.")
    changed = change_dependencies(data, str(script), {}, frozenset(names))
    await anyio.to_thread.run_sync(replace_file, script, changed)
    if await anyio.to_thread.run_sync(script_lockfile(script).is_file):
        await lock_script(context, script)


async def _resolved(context: Context, script: Path, metadata: ScriptMetadata) -> Lock:
    origin = Origin(member=_SCRIPT, text=script.name)
    asks = tuple(Ask(requirement=parse_requirement(text), origin=origin) for text in metadata.dependencies)
    problem = Problem(
        members=(
            MemberAsks(
                name=_SCRIPT, path=".", package=False, requires_python=metadata.requires_python, dependencies=asks
            ),
        ),
        policy=policy_of(context.means.settings.resolving),
    )
    async with open_toolchain(context) as toolchain:
        made = await resolve(toolchain, problem, locate=lambda _: script.name)
        return await fill_hashes(toolchain.client, made, None)


def _text(wish: Wish, specifier: str) -> str:
    extras = f"[{','.join(wish.extras)}]" if wish.extras else ""
    marker = wish.marker.replace('"', "'")
    return f"{wish.name}{extras}{specifier}" + (f" ; {marker}" if marker else "")
