"""A service under a mixed load while its solving processes are killed and it is started again and again: no job is
lost, no byte is wrong, whatever is refused may be asked again, and the server does not grow.

``python -m tests.faults.under_load --minutes 30 --seed 7`` makes a long round and prints a table; a short one is among
the tests. All clients are threads of this process and talk to loopback.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import msgspec

from interlock.core.lock.codec import decode_lock
from interlock.core.lock.model import Lock
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from interlock.packs.header import PRELUDE, Header
from interlock.service.newest_protocol import NEWEST, AskedPackage, NewestAnswer, NewestRequest
from interlock.service.pack_protocol import PACKS, AskedFile, PackPlan, PackRequest
from interlock.service.protocol import LOCKS, Done, Failed, Frame, decode_frame
from tests.faults.service_stage import ServiceStage, Workspace, staged_service
from tests.registry import Release
from tests.wheels import Built, make_wheel

__all__ = ["Report", "load"]

_CLIENTS = 5
_PATIENCE = 90.0
"""Seconds until something that may be asked again counts as lost."""
_RETRYABLE = frozenset({"job-interrupted", "worker-gone"})
_MOST_UPLOADS = 200
_GROWTH = 1.05
_SETTLED = 300.0
"""Seconds of load from which on memory is judged, and the service is left to run for the last two thirds."""
_JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


class Again(Exception):
    """Not this time, and nothing wrong with that."""


class Wrong(Exception):
    """What must not be."""


class Report:
    """What came of a load, by kind of request."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.again: dict[str, Counter[str]] = {}
        self.chaos: Counter[str] = Counter()
        self.resident: list[tuple[float, int]] = []
        """Since the beginning, and KiB of the server."""
        self.wrong: list[str] = []
        self._guard = threading.Lock()

    def done(self, kind: str, seconds: float) -> None:
        with self._guard:
            self.seconds.setdefault(kind, []).append(seconds)

    def tried(self, kind: str, why: str) -> None:
        with self._guard:
            self.again.setdefault(kind, Counter())[why] += 1

    def fail(self, text: str) -> None:
        with self._guard:
            self.wrong.append(text)

    def between(self, begin: float, end: float) -> float:
        """MiB of the server on average over a time."""
        found = [size for at, size in self.resident if begin <= at <= end and size]
        return statistics.mean(found) / 1024 if found else 0.0

    def __str__(self) -> str:
        lines = [f"{'':10}{'answered':>10}{'asked again':>13}{'median ms':>11}{'p99 ms':>9}  why again"]
        for kind in sorted(self.seconds.keys() | self.again.keys()):
            times, again = sorted(self.seconds.get(kind, [])), self.again.get(kind, Counter())
            middle = times[len(times) // 2] * 1000 if times else 0
            late = times[len(times) * 99 // 100] * 1000 if times else 0
            why = ", ".join(f"{reason} {count}" for reason, count in again.most_common())
            lines.append(f"{kind:10}{len(times):10}{again.total():13}{middle:11.0f}{late:9.0f}  {why}")
        if self.resident:
            end = self.resident[-1][0]
            sizes = " ".join(f"{self.between(end * part / 10, end * (part + 1) / 10):.0f}" for part in range(10))
            lines.append(f"resident MiB of the server, in tenths of the time: {sizes}")
        lines.append("meanwhile: " + ", ".join(f"{what} {count}" for what, count in sorted(self.chaos.items())))
        lines += [f"WRONG: {text}" for text in self.wrong[:40]]
        return "\n".join([*lines, f"{len(self.wrong)} wrong"])


class _Load:
    def __init__(self, stage: ServiceStage, workspaces: list[Workspace], report: Report, seconds: float) -> None:
        self.stage = stage
        self.report = report
        self.ends = time.monotonic() + seconds
        self._workspaces = workspaces
        self._releases = [one for name in stage.index.registry.names() for one in stage.index.registry.releases(name)]
        self._uploads: list[Built] = []
        self._published = 0
        self._corp = Index(name="corp", url=stage.index.url)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    def client(self, chance: random.Random) -> None:
        kinds: list[tuple[str, int, Callable[[httpx.Client, random.Random], None]]] = [
            ("lock", 30, self.lock),
            ("events", 10, self.events),
            ("result", 5, self.result),
            ("page", 20, self.page),
            ("file", 20, self.file),
            ("upload", 5, self.upload),
            ("uploaded", 5, self.uploaded),
            ("pack", 10, self.pack),
            ("newest", 5, self.newest),
        ]
        while not self.is_over:
            (kind, _, ask), *_ = chance.choices(kinds, [weight for _, weight, _ in kinds])
            self.one(kind, ask, chance)
            time.sleep(chance.uniform(0.02, 0.2))

    def one(self, kind: str, ask: Callable[[httpx.Client, random.Random], None], chance: random.Random) -> None:
        """Ask until there is an answer, and judge it."""
        first, state = time.monotonic(), chance.getstate()
        while time.monotonic() - first < _PATIENCE:
            # The same thing again.
            chance.setstate(state)
            begun = time.monotonic()
            try:
                with self.stage.client() as client:
                    ask(client, chance)
            except Again as again:
                self.report.tried(kind, str(again))
            except httpx.TransportError as error:
                if not self._is_excused(begun):
                    self.report.fail(f"{kind}: {error!r} while the service was there")
                    return
                self.report.tried(kind, "away")
            except Wrong as wrong:
                self.report.fail(f"{kind}: {wrong}")
                return
            except Exception:
                self.report.fail(f"{kind}: {traceback.format_exc()}")
                return
            else:
                self.report.done(kind, time.monotonic() - begun)
                return
            time.sleep(0.3)
        self.report.fail(f"{kind}: lost, for it was asked again and again for {_PATIENCE:.0f} seconds")

    def _is_excused(self, begun: float) -> bool:
        # The one who restarts it may notice later than we do.
        for _ in range(10):
            if self.stage.was_down(begun, time.monotonic()):
                return True
            time.sleep(0.05)
        return False

    # What is asked

    def lock(self, client: httpx.Client, chance: random.Random) -> None:
        workspace = chance.choice(self._workspaces)
        digest, last = "", None
        try:
            with client.stream("POST", LOCKS, content=workspace.body, headers=_packed()) as answer:
                _usable(answer)
                digest = answer.headers["interlock-digest"]
                for line in answer.iter_lines():
                    last = decode_frame(line.encode())
        except httpx.TransportError:
            if not digest:
                raise
            # It was taken, so it is answered, though not here.
            self.report.tried("lock", "away")
            last = None
        if isinstance(last, Failed) and last.error.code == "job-interrupted":
            self.report.tried("lock", last.error.code)
            last = None
        _judge(self._polled(digest) if last is None else last, workspace)

    def _polled(self, digest: str) -> Frame:
        """What came of a job that the service had taken: never that there is none."""
        end, begun = time.monotonic() + _PATIENCE, time.monotonic()
        while time.monotonic() < end:
            try:
                with self.stage.client() as client:
                    answer = client.get(f"{LOCKS}/{digest}")
                    if answer.status_code == 200:
                        return decode_frame(answer.content)
                    if answer.status_code not in {202, 429, 503}:
                        raise Wrong(f"a job that was taken is {answer.status_code} {answer.text[:200]}")
            except httpx.TransportError as error:
                if not self._is_excused(begun):
                    raise Wrong(f"{error!r} while the service was there") from error
            time.sleep(0.3)
        raise Wrong("a job that was taken is lost")

    def events(self, client: httpx.Client, chance: random.Random) -> None:
        """One asks, and another one looks on."""
        workspace = chance.choice(self._workspaces)
        with client.stream("POST", LOCKS, content=workspace.body, headers=_packed()) as answer:
            _usable(answer)
            lines = answer.iter_lines()
            first = next(lines)
            with self.stage.client() as other:
                events = other.get(f"{LOCKS}/{answer.headers['interlock-digest']}/events")
            _usable(events)
            last = decode_frame([first, *lines][-1].encode())
        data = [line.removeprefix("data: ") for line in events.text.splitlines() if line.startswith("data: ")]
        seen = decode_frame(data[-1].encode()) if data else None
        if not isinstance(seen, Done | Failed):
            raise Again("broke off") if self._is_excused(time.monotonic() - 5) else Wrong(f"events end with {seen}")
        _judge(seen, workspace)
        _judge(last, workspace)

    def result(self, client: httpx.Client, chance: random.Random) -> None:
        """By its digest what was asked before: by others, of this service or of the one before it."""
        workspace = chance.choice(self._workspaces)
        digest = hashlib.sha256(bytes(_request(workspace))).hexdigest()
        answer = client.get(f"{LOCKS}/{digest}")
        if answer.status_code == 202:
            raise Again("202")
        _usable(answer)
        _judge(decode_frame(answer.content), workspace)

    def page(self, client: httpx.Client, chance: random.Random) -> None:
        release = chance.choice(self._releases)
        self._page(client, release)

    def _page(self, client: httpx.Client, release: Release) -> str:
        answer = client.get(f"/simple/corp/{release.built.name}/", headers=_JSON)
        _usable(answer)
        files = {file["filename"]: file for file in answer.json()["files"]}
        for one in self._releases:
            if one.built.name == release.built.name and files[one.filename]["hashes"] != {"sha256": one.built.sha256}:
                raise Wrong(f"the page of {release.built.name} has {files[one.filename]}")
        return str(httpx.URL(str(answer.url)).join(files[release.filename]["url"]))

    def file(self, client: httpx.Client, chance: random.Random) -> None:
        release = chance.choice(self._releases)
        url, data = self._page(client, release), release.built.data
        _same(client.get(url), data, 200)
        begin = chance.randrange(len(data))
        _same(client.get(url, headers={"Range": f"bytes={begin}-"}), data[begin:], 206)
        _same(client.get(f"{url}.metadata"), release.built.metadata, 200)

    def upload(self, client: httpx.Client, chance: random.Random) -> None:
        if len(self._uploads) >= _MOST_UPLOADS:
            return
        built = make_wheel(f"u{chance.randrange(10**9)}", "1.0", files={"u.bin": chance.randbytes(5000)})
        form = {":action": "file_upload", "protocol_version": "1", "name": built.name, "version": built.version}
        _usable(client.post("/upload/tools", data=form, files={"content": (built.filename, built.data)}))
        self._uploads.append(built)

    def uploaded(self, client: httpx.Client, chance: random.Random) -> None:
        """What was taken once is there for ever."""
        if self._uploads:
            self.check_upload(client, chance.choice(list(self._uploads)))

    def check_upload(self, client: httpx.Client, built: Built) -> None:
        answer = client.get(f"/simple/tools/{built.name}/", headers=_JSON)
        _usable(answer)
        (file,) = answer.json()["files"]
        _same(client.get(httpx.URL(str(answer.url)).join(file["url"])), built.data, 200)

    def check_uploads(self) -> None:
        for built in list(self._uploads):
            self.one("at the end", lambda client, _, built=built: self.check_upload(client, built), random.Random(0))  # type: ignore[misc]

    def pack(self, client: httpx.Client, chance: random.Random) -> None:
        wanted = {one.built.sha256: one.built for one in chance.sample(self._releases, chance.randint(2, 12))}
        files = tuple(
            AskedFile(name=NormalizedName(one.name), index=0, filename=one.filename, sha256=sha256, size=len(one.data))
            for sha256, one in wanted.items()
        )
        body = msgspec.json.encode(PackRequest(indexes=(self._corp,), files=files))
        answer = client.post(PACKS, content=body)
        _usable(answer)
        plan = msgspec.json.decode(answer.content, type=PackPlan)
        if {entry.sha256 for entry in plan.header.entries} != wanted.keys():
            raise Wrong(f"a pack lacks {wanted.keys() - {entry.sha256 for entry in plan.header.entries}}")
        begun = time.monotonic()
        found = client.get(f"{PACKS}/{plan.id}")
        if found.status_code == 404 and (self.stage.was_reloaded(begun - 5) or self._is_excused(begun - 5)):
            raise Again("planned by another")
        _usable(found)
        _, length, _ = PRELUDE.unpack_from(found.content)
        head = PRELUDE.size + length
        if msgspec.json.decode(found.content[PRELUDE.size : head], type=Header) != plan.header:
            raise Wrong("a pack has another header than its plan")
        for entry in plan.header.entries:
            if found.content[head + entry.offset : head + entry.end] != wanted[entry.sha256].data:
                raise Wrong(f"a pack has other bytes for {wanted[entry.sha256].filename}")

    def newest(self, client: httpx.Client, chance: random.Random) -> None:
        asked = chance.sample(self.stage.index.registry.names(), 10)
        packages = tuple(AskedPackage(name=NormalizedName(name), index=0, locked="1.0") for name in asked)
        body = msgspec.json.encode(NewestRequest(indexes=(self._corp,), packages=packages))
        answer = client.post(NEWEST, content=body)
        _usable(answer)
        told = msgspec.json.decode(answer.content, type=NewestAnswer).versions
        right = [max(one.built.version for one in self._releases if one.built.name == name) for name in asked]
        if list(told) != right:
            raise Wrong(f"the newest of {asked} are {told}, and not {right}")

    # What happens meanwhile

    def commands(self, chance: random.Random) -> None:
        """The command itself, which has its lock whatever happens to the service."""
        number = 0
        while not self.is_over:
            number += 1
            workspace, place = chance.choice(self._workspaces), self.stage.folder / f"copy-{number}"
            shutil.copytree(workspace.root, place)
            begun = time.monotonic()
            code, said = self.stage.lock(place, self.stage.folder / f"cache-{number % 2}", self.stage.url)
            lock = place / "interlock.lock"
            if code or lock.read_bytes() != workspace.lock:
                self.report.fail(f"command: ended with {code}, or another lock than alone: {said}")
            elif "service-unused" in said:
                self.report.tried("command", "went alone")
            self.report.done("command", time.monotonic() - begun)
            shutil.rmtree(place)
            if chance.random() < 0.2:
                shutil.rmtree(self.stage.folder / f"cache-{number % 2}", ignore_errors=True)
            time.sleep(chance.uniform(1, 4))

    def publications(self, chance: random.Random) -> None:
        """Versions that change no lock, and make the service solve again what looked at them."""
        while not self.is_over:
            name = chance.choice(self.stage.index.registry.names())
            self._published += 1
            self.stage.index.registry.add(make_wheel(name, f"0.{self._published}"))
            self.stage.index.forget()
            self.report.chaos["published"] += 1
            time.sleep(5)

    def chaos(self, chance: random.Random, until: float, pause: float) -> None:
        """Kill and restart in turn; from a time on the service stays, and only its workers are killed."""
        turn = 0
        while not self.is_over:
            time.sleep(pause * chance.uniform(0.5, 1.5))
            turn += 1
            is_restarting = time.monotonic() < until
            if turn % 2 or not is_restarting:
                self.report.chaos["workers killed"] += self.stage.kill_worker(chance)
            elif turn % 6 == 0:
                self.report.chaos["reload"] += 1
                self.stage.reload()
            else:
                number = signal.SIGTERM if turn % 4 == 0 else signal.SIGKILL
                self.report.chaos[f"restart after {number.name}"] += 1
                self.stage.restart(number)

    def samples(self, begun: float) -> None:
        while not self.is_over:
            self.report.resident.append((time.monotonic() - begun, self.stage.resident()))
            time.sleep(1)


def _packed() -> dict[str, str]:
    return {"Content-Type": "application/json", "Content-Encoding": "gzip", "Accept": "application/x-ndjson"}


def _request(workspace: Workspace) -> msgspec.Raw:
    return msgspec.json.decode(gzip.decompress(workspace.body), type=dict[str, msgspec.Raw])["request"]


def _usable(answer: httpx.Response) -> None:
    """Refusals that may be asked again, and no others."""
    if answer.status_code in {429, 503}:
        raise Again(str(answer.status_code))
    if answer.status_code not in {200, 206}:
        answer.read()
        raise Wrong(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")


def _same(answer: httpx.Response, data: bytes, status: int) -> None:
    _usable(answer)
    if (answer.status_code, answer.content) != (status, data):
        raise Wrong(
            f"{answer.request.url.path}: {answer.status_code} with {len(answer.content)} bytes, not {len(data)}"
        )


def _judge(frame: Frame, workspace: Workspace) -> None:
    if isinstance(frame, Failed) and frame.error.code in _RETRYABLE:
        raise Again(frame.error.code)
    if not isinstance(frame, Done):
        raise Wrong(f"{workspace.root.name} is answered with {frame}")
    if _essence(frame.answer.lock) != _essence(decode_lock(workspace.lock)):
        raise Wrong(f"{workspace.root.name} has another lock than alone")


def _essence(lock: Lock) -> bytes:
    """All of a lock but for what the command adds to an answer: the digests of the manifests."""
    return msgspec.json.encode((lock.packages, [(one.name, one.dependencies, one.extras) for one in lock.members]))


def load(folder: Path, seconds: float, seed: int, workspaces: int) -> Report:
    """A load of so many seconds; what came of it."""
    chance, report = random.Random(seed), Report()
    with staged_service(folder, chance) as stage:
        made = [stage.workspace(chance, number) for number in range(workspaces)]
        at_work = _Load(stage, made, report, seconds)
        for workspace in made:
            # Once each, so that there is a result to ask for.
            at_work.one("cold", lambda client, _, one=workspace: _ask(client, one), chance)  # type: ignore[misc]
        begun = time.monotonic()
        at_work.ends = begun + seconds
        is_long = seconds >= _SETTLED
        until = begun + seconds * (0.2 if is_long else 0.8)
        jobs: list[tuple[Callable[..., None], tuple[object, ...]]] = [
            *((at_work.client, (random.Random(seed + number),)) for number in range(_CLIENTS)),
            (at_work.commands, (random.Random(seed + 100),)),
            (at_work.publications, (random.Random(seed + 101),)),
            (at_work.chaos, (random.Random(seed + 102), until, 8.0 if is_long else 1.5)),
            (at_work.samples, (begun,)),
        ]
        threads = [threading.Thread(target=_guarded, args=(report, target, words)) for target, words in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        at_work.check_uploads()
    report.wrong += [f"the service said {event}" for event in stage.bugs]
    if is_long:
        third, end = report.between(seconds / 3, seconds * 0.38), report.between(seconds * 0.95, seconds)
        if end > third * _GROWTH:
            report.fail(f"the server has grown from {third:.1f} to {end:.1f} MiB")
    return report


def _guarded(report: Report, target: Callable[..., None], words: tuple[object, ...]) -> None:
    try:
        target(*words)
    except Exception:
        report.fail(traceback.format_exc())


def _ask(client: httpx.Client, workspace: Workspace) -> None:
    answer = client.post(LOCKS, content=workspace.body, headers=_packed())
    _usable(answer)
    _judge(decode_frame(answer.content.splitlines()[-1]), workspace)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workspaces", type=int, default=24)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, suppress(KeyboardInterrupt):
        report = load(Path(place), options.minutes * 60, options.seed, options.workspaces)
        sys.stdout.write(f"seed {options.seed}, {options.minutes:g} minutes\n{report}\n")
        return 1 if report.wrong else 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
