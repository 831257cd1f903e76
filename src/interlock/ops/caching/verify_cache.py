"""``interlock cache verify``: what in the store is not what was put there, and dropping it.

Wheels are compared with their lists and RECORD, source archives and what was built with their digests, build
environments with the RECORDs in them. Pages and metadata have no digest; they are looked at for being readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec

from interlock.build.results import Results
from interlock.core.metadata.metadata import Metadata
from interlock.envs.environments import BrokenEnvironment, load_environment
from interlock.index.page_cache import PageCache
from interlock.install.verify import Verifier, distributions
from interlock.ops.caching.cache import drop
from interlock.store.archives import open_wheel
from interlock.store.build_records import Records
from interlock.store.layout import Bucket, Layout
from interlock.store.usage import using
from interlock.store.verify import file_problem, wheel_problems

__all__ = ["CacheProblem", "CacheReport", "verify_cache"]


class CacheProblem(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the store that is not what was put there."""

    bucket: Bucket
    entry: str
    """Its path in the store."""
    name: str
    """What people call it: a file, a package. Empty where only its digest is known."""
    problems: tuple[str, ...]
    dropped: bool = False


class CacheReport(msgspec.Struct, frozen=True, kw_only=True):
    checked: dict[str, int]
    """Entries looked at, by bucket."""
    skipped: tuple[str, ...]
    """Buckets that hold nothing that could be compared."""
    problems: tuple[CacheProblem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing wrong is left in the store."""
        return all(problem.dropped for problem in self.problems)


async def verify_cache(layout: Layout, *, repair: bool, force: bool = False, jobs: int = 2) -> CacheReport:
    """Look at everything; with ``repair``, drop what is wrong, so that it is fetched or built anew.

    Dropping raises :class:`~interlock.ops.caching.cache.CacheBusy` while another process uses the store, unless forced.
    """
    if not layout.root.is_dir():
        return CacheReport(checked={}, skipped=(), problems=())
    check = _Check(layout)
    found: dict[Path, CacheProblem] = {}
    async with using(layout):
        entries = await anyio.to_thread.run_sync(lambda: [*check.entries()])
        limit = anyio.CapacityLimiter(max(1, jobs))

        async def one(bucket: Bucket, path: Path) -> None:
            problem = await anyio.to_thread.run_sync(check.look, bucket, path, limiter=limit)
            if problem is not None:
                found[path] = problem

        async with anyio.create_task_group() as group:
            for bucket, path in entries:
                group.start_soon(one, bucket, path)
    paths = sorted(found)
    gone = await anyio.to_thread.run_sync(lambda: drop(layout, paths, force=force)) if repair and paths else set[Path]()
    checked: dict[str, int] = dict.fromkeys((bucket for bucket, _ in entries), 0)
    for bucket, _ in entries:
        checked[bucket] += 1
    return CacheReport(
        checked=checked,
        skipped=tuple(name for name in Bucket if name not in check.looks and layout.bucket(name).is_dir()),
        problems=tuple(msgspec.structs.replace(found[path], dropped=path in gone) for path in paths),
    )


class _Check:
    """Looks at one entry after the other; blocking."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pages = PageCache(layout)
        self._results = Results(layout)
        self._records = Records(layout)
        self.looks: dict[Bucket, Callable[[Path], tuple[str, ...]]] = {
            Bucket.PAGES: self._page,
            Bucket.METADATA: self._metadata,
            Bucket.WHEELS: lambda path: wheel_problems(layout, path.name),
            Bucket.SDISTS: lambda path: _named("it", file_problem(path, path.name)),
            Bucket.BUILT: self._built,
            Bucket.BUILD_ENVIRONMENTS: self._environment,
        }
        """By bucket."""

    def __repr__(self) -> str:
        return f"<_Check of {self._layout.root}>"

    def entries(self) -> Iterator[tuple[Bucket, Path]]:
        for bucket in self.looks:
            root = self._layout.bucket(bucket)
            for path in sorted(root.glob("*/*" if bucket == Bucket.PAGES else "??/*")) if root.is_dir() else ():
                yield bucket, path

    def look(self, bucket: Bucket, path: Path) -> CacheProblem | None:
        try:
            problems = self.looks[bucket](path)
        except FileNotFoundError:
            # Another process has dropped it meanwhile.
            return None
        except OSError as error:
            problems = (f"it cannot be read ({(error.strerror or str(error)).lower()})",)
        if not problems:
            return None
        entry = path.relative_to(self._layout.root).as_posix()
        return CacheProblem(bucket=bucket, entry=entry, name=self._name(bucket, path), problems=problems)

    def _name(self, bucket: Bucket, path: Path) -> str:
        if bucket == Bucket.PAGES:
            return path.name
        if bucket == Bucket.WHEELS:
            wheel = open_wheel(self._layout, path.name)
            return wheel.filename if wheel is not None else ""
        result = self._results.load(path.name) if bucket == Bucket.BUILT else None
        return result.filename if result is not None else ""

    def _page(self, path: Path) -> tuple[str, ...]:
        key, name = path.parent.name, path.name
        if name == ".bases":
            readable = self._pages.has_bases(key)
        else:
            found = self._pages.load_flat(key) if name == ".flat" else self._pages.load(key, name)
            readable = found is not None
        return () if readable and not path.is_symlink() else ("it cannot be read",)

    def _metadata(self, path: Path) -> tuple[str, ...]:
        try:
            _METADATA.decode(path.read_bytes())
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ("it cannot be read",)
        return () if not path.is_symlink() else ("it is a link",)

    def _built(self, path: Path) -> tuple[str, ...]:
        record, result = self._records.load(path.name), self._results.load(path.name)
        if record is None and result is None:
            return ("what is noted about it cannot be read, or a file of it is gone",)
        problems: list[str] = []
        for file in record.files if record is not None else ():
            problems += _named(file.filename, file_problem(path / file.filename, file.sha256))
        if result is not None and result.sha256:
            problems += _named(result.filename, file_problem(path / result.filename, result.sha256))
        return tuple(problems)

    def _environment(self, path: Path) -> tuple[str, ...]:
        if not (path / "complete").is_file():
            # What was never finished is never used.
            return ()
        try:
            environment = load_environment(path, self._layout.bucket(Bucket.INTERPRETERS))
        except BrokenEnvironment as error:
            return (error.message,)
        if environment is None:
            return ("it is no environment",)
        found = distributions(environment)
        verifier = Verifier(environment, found, str(self._layout.bucket(Bucket.WHEELS)))
        return tuple(f"{file.path} {file.problem}" for one in found for file in verifier.damages(one))


_METADATA = msgspec.msgpack.Decoder(Metadata | None)


def _named(subject: str, problem: str) -> tuple[str, ...]:
    return (f"{subject} {problem}",) if problem else ()
