"""Build environments: requirements resolved with our own resolver and installed from our own store.

An environment is kept under the digest of what is in it, and which one answers a set of requirements is remembered for
a day: long enough that a workspace's builds share it, short enough that a backend's fix arrives (PEP 518 requirements
are rarely pinned).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.environment import BuildEnvironment
from interlock.core.lock.select import select
from interlock.core.members.asks import Ask, Limits, MemberAsks, Origin
from interlock.core.members.selection import MemberSelection, Selection
from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.core.plan.planner import plan
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.core.resolver.problem import Policy, Problem
from interlock.core.sources.source import File, Registry
from interlock.envs.damage import is_damaged
from interlock.envs.environments import BrokenEnvironment, VirtualEnvironment, create_environment, load_environment
from interlock.envs.interpreters import Interpreter
from interlock.events import Aside
from interlock.install.transaction import Options, apply
from interlock.resolution.direct import discover_direct
from interlock.resolution.environment_marker import environment_marker
from interlock.resolution.hashes import hashed
from interlock.resolution.policy import policy_of
from interlock.resolution.resolve import resolve
from interlock.store.build_answers import BuildAnswer, load_build_answer, save_build_answer
from interlock.store.layout import Bucket
from interlock.store.locks import hold
from interlock.toolchain.obtain import Obtainer
from interlock.toolchain.toolchain import Toolchain

__all__ = ["Provisioner"]

_DAY = 86_400.0


class Provisioner:
    """Makes build environments for one interpreter; the same requirements give the same environment.

    With ``anew`` it is not remembered which environment that was before: what the index has today decides. With
    ``compiled`` modules are compiled when they are installed, for programs that may not write bytecode there.
    """

    def __init__(self, toolchain: Toolchain, *, anew: bool = False, compiled: bool = False) -> None:
        self._toolchain = toolchain
        self._anew = anew
        self._compiled = compiled
        self._mended: set[str] = set()
        self._mending = anyio.Lock()
        self._known: dict[tuple[str, ...], BuildEnvironment] = {}
        self._guard: dict[tuple[str, ...], anyio.Lock] = {}

    def __repr__(self) -> str:
        return f"<Provisioner: {len(self._known)} environments>"

    async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
        key = tuple(sorted(set(requirements)))
        found = self._known.get(key)
        if found is not None:
            return found
        # Before the lock is taken: building a sibling asks for environments too.
        local = await self._siblings(key)
        async with self._guard.setdefault(key, anyio.Lock()):
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = await self._provide(key, local, purpose)
            return found

    async def mend(self, environment: BuildEnvironment, said: str, /) -> bool:
        """See :class:`~interlock.build.environment.Provision`."""
        # One after the other: of builds that meet one damage at once, the first takes the environment away.
        async with self._mending:
            if environment.python in self._mended:
                # Another build met the same damage before; whoever asks tries once more, and no oftener.
                return True
            key = next((key for key, known in self._known.items() if known == environment), None)
            place = Path(environment.python).parents[1]
            if key is None or not await anyio.to_thread.run_sync(is_damaged, place, said):
                return False
            self._mended.add(environment.python)
            async with hold(self._toolchain.layout.locks / f"build-env-{place.name}"):
                await anyio.to_thread.run_sync((place / "complete").unlink, True)
            del self._known[key]
        await self(key, purpose="an environment that was damaged")
        return True

    async def holding(self, wanted: tuple[Wanted, ...]) -> BuildEnvironment:
        """An environment with exactly these, made when there is none."""
        interpreter = await self._toolchain.interpreter()
        digest = _digest(wanted, interpreter)
        return _described(await self._installed(digest, wanted, interpreter))

    async def _siblings(self, requirements: tuple[str, ...]) -> dict[NormalizedName, Path]:
        """Wheels of the members among what is required; a member's name is never looked up on an index."""
        toolchain = self._toolchain
        if toolchain.options.siblings is None:
            return {}
        names = [parse_requirement(text).name for text in requirements]
        return await toolchain.options.siblings.wheels(names, await toolchain.builder())

    async def _provide(
        self, requirements: tuple[str, ...], local: dict[NormalizedName, Path], purpose: str
    ) -> BuildEnvironment:
        interpreter = await self._toolchain.interpreter()
        files = await anyio.to_thread.run_sync(_contents, local)
        question = self._question((*requirements, *files), interpreter)
        self._toolchain.options.asked_builds.add(question)
        remembered = None if self._anew else await self._remembered(question, interpreter, purpose)
        if remembered is not None:
            return _described(remembered)
        wanted = await self._resolved(requirements, local, interpreter, purpose)
        self._toolchain.options.build_hashes.check(wanted, local, purpose)
        digest = _digest(wanted, interpreter)
        environment = await self._installed(digest, wanted, interpreter)
        answer = BuildAnswer(digest, self._toolchain.means.now.timestamp(), wanted)
        await anyio.to_thread.run_sync(save_build_answer, self._toolchain.layout, question, answer)
        return _described(environment)

    def _question(self, requirements: tuple[str, ...], interpreter: Interpreter) -> str:
        settings = self._toolchain.means.settings
        resolving = settings.resolving
        parts = (
            requirements,
            [msgspec.to_builtins(constraint) for constraint in self._toolchain.options.tool.build_constraints],
            self._toolchain.options.build_hashes.describe(),
            [(index.name, index.url) for index in resolving.indexes],
            settings.find_links,
            resolving.exclude_newer_span or resolving.exclude_newer,
            sorted(resolving.written_cutoffs.items()),
            (resolving.no_build, resolving.no_build_packages),
            interpreter.base_executable,
            interpreter.version,
        )
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()

    async def _remembered(self, question: str, interpreter: Interpreter, purpose: str) -> VirtualEnvironment | None:
        """The environment that was the answer before; offline it is made again of files that are in the store."""
        answer = await anyio.to_thread.run_sync(load_build_answer, self._toolchain.layout, question)
        if answer is None:
            return None
        offline = self._toolchain.means.settings.offline
        age = self._toolchain.means.now.timestamp() - answer.at
        if not offline and not 0 <= age < _DAY:
            return None
        found = await anyio.to_thread.run_sync(self._complete, answer.digest)
        if found is not None or not offline or not answer.wanted:
            return found
        if answer.digest != _digest(answer.wanted, interpreter):
            return None
        self._toolchain.options.build_hashes.check(answer.wanted, (), purpose)
        return await self._installed(answer.digest, answer.wanted, interpreter)

    def _complete(self, digest: str) -> VirtualEnvironment | None:
        place = self._toolchain.layout.entry(Bucket.BUILD_ENVIRONMENTS, digest)
        if not (place / "complete").is_file():
            return None
        try:
            found = load_environment(place, self._toolchain.layout.bucket(Bucket.INTERPRETERS))
        except BrokenEnvironment:
            return None
        return None if found is None or found.moved_from else found

    async def _resolved(
        self,
        requirements: tuple[str, ...],
        local: dict[NormalizedName, Path],
        interpreter: Interpreter,
        purpose: str,
    ) -> tuple[Wanted, ...]:
        tool, policy = self._toolchain.options.tool, policy_of(self._toolchain.means.settings.resolving)
        marker = environment_marker(interpreter.markers)
        # Stands where a member would, so that a message says for whom; no package can have such a name.
        asking = NormalizedName(purpose)
        origin = Origin(member=asking, table="build-system.requires", text=purpose)
        sources = {name: File(path.as_posix()) for name, path in sorted(local.items())}
        asks = [
            Ask(requirement=requirement, source=sources.get(requirement.name), origin=origin)
            for requirement in map(parse_requirement, requirements)
        ]
        # What siblings need of each other has to come from here too, whoever asks for it.
        asks += [Ask(requirement=Requirement(name), source=source, origin=origin) for name, source in sources.items()]
        members = (MemberAsks(name=asking, path=".", package=False, dependencies=tuple(asks)),)
        found = await discover_direct(self._toolchain, members, root=self._toolchain.layout.root) if local else None
        problem = Problem(
            members=found.members if found is not None else members,
            direct=found.direct if found is not None else (),
            environments=(marker,),
            limits=Limits(constraints=tuple(Ask(requirement=item, origin=origin) for item in tool.build_constraints)),
            # What is built with is no part of the lock: how its versions are chosen says nothing here.
            policy=Policy(cutoff=policy.cutoff, cutoff_packages=policy.cutoff_packages, no_build=policy.no_build),
        )
        where = "to be tried" if self._anew else "build requirements"
        lock = await resolve(self._toolchain, problem, locate=lambda _: where)
        wanted = select(
            lock,
            interpreter.markers,
            Selection(members=(MemberSelection(member=asking),)),
            tags=interpreter.tags,
        )
        return tuple([await self._hashed(item) for item in wanted])

    async def _hashed(self, item: Wanted) -> Wanted:
        """With the hash of its file, which not every index tells: environments are kept by what is in them."""
        if item.artifact is None or item.artifact.sha256 or not isinstance(item.source, Registry):
            return item
        artifact = await hashed(self._toolchain.client, item.name, item.source.index, item.artifact)
        return msgspec.structs.replace(item, artifact=artifact)

    async def _installed(self, digest: str, wanted: tuple[Wanted, ...], interpreter: Interpreter) -> VirtualEnvironment:
        layout = self._toolchain.layout
        place = layout.entry(Bucket.BUILD_ENVIRONMENTS, digest)
        layout.prepare()
        async with hold(layout.locks / f"build-env-{digest}"):
            found = await anyio.to_thread.run_sync(self._complete, digest)
            if found is not None:
                return found
            environment = await anyio.to_thread.run_sync(lambda: create_environment(place, interpreter))
            obtain = Obtainer(self._toolchain, root=place, trees={})
            aside = Aside(self._toolchain.means.reporter)
            options = Options(compile=self._compiled)
            await apply(plan(wanted, (), exact=False), environment, obtain, options, aside)
            (place / "complete").touch()
            return environment


def _contents(wheels: dict[NormalizedName, Path]) -> list[str]:
    """What the wheels hold, for a question about them: a file by the same name may be another one tomorrow."""
    found = []
    for path in sorted(wheels.values()):
        with path.open("rb") as file:
            found.append(f"{path} {hashlib.file_digest(file, 'sha256').hexdigest()}")
    return found


def _described(environment: VirtualEnvironment) -> BuildEnvironment:
    return BuildEnvironment(python=environment.python, path=environment.scripts)


def _digest(wanted: tuple[Wanted, ...], interpreter: Interpreter) -> str:
    files = [item.artifact.sha256 if item.artifact else item.name for item in wanted]
    text = "\n".join((*sorted(files), interpreter.base_executable, interpreter.version))
    return hashlib.sha256(text.encode()).hexdigest()
