"""A service that is killed and started again, the index behind it, and workspaces with the locks they have alone."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.index_server import Behaviour, IndexServer
from tests.index_server import serve as serve_index
from tests.processes import program
from tests.registry import Registry
from tests.service.client.impostors import answering, status
from tests.service.running import RunningService, running_service
from tests.wheels import make_wheel

__all__ = ["ServiceStage", "Workspace", "packages_from", "staged_service"]

_PACKAGES = 60
_GRACE = 1.0
"""Seconds after a start in which a broken answer is still that of the one before."""
_WORKER = b"interlock.service.jobs.worker"
_SCOPES = "read,lock,publish,cache:read"


class Workspace(NamedTuple):
    root: Path
    """Without a lock."""
    body: bytes
    """What the command sends to a service, with gzip."""
    lock: bytes
    """What it makes alone."""


def packages_from(chance: random.Random) -> Registry:
    """Packages that need some of those before them, all of them at least 1.0: older versions change no answer."""
    made = Registry()
    for number in range(_PACKAGES):
        for minor in range(chance.randint(2, 6)):
            needs = chance.sample(range(number), min(number, chance.randint(0, 3)))
            requires = [f"p{other}>=1,<={chance.randint(1, 3)}" for other in needs]
            # No two are of one size, so that a byte in a wrong place shows.
            data = {f"p{number}/data.bin": chance.randbytes(chance.randint(100, 40_000))}
            made.add(make_wheel(f"p{number}", f"{1 + minor // 3}.{minor}", requires=requires, files=data))
    return made


class ServiceStage:
    """``up`` is the service that runs; one thread restarts it."""

    def __init__(self, folder: Path, index: IndexServer) -> None:
        self.folder = folder
        self.index = index
        self.token = ""
        self.restarts = 0
        self.bugs: list[object] = []
        self._configuration = folder / "service.toml"
        self._configuration.write_text(
            f'[[index]]\nname = "corp"\nurl = "{index.url}"\n[[index]]\nname = "tools"\nuploads = true\n'
            "[limits]\ndrain-seconds = 2\n"
        )
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self._place = f"127.0.0.1:{taken.getsockname()[1]}"
        self._stack = contextlib.ExitStack()
        self._reloaded = 0.0
        self._down: list[tuple[float, float]] = []
        self.up = self._start()
        self.token = self.up.make_token("--scope", _SCOPES)

    def __repr__(self) -> str:
        return f"<ServiceStage {self._place}, {self.restarts} restarts>"

    @property
    def url(self) -> str:
        return f"http://{self._place}"

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def close(self) -> None:
        self._collect()
        self._stack.close()

    def was_down(self, begun: float, ended: float) -> bool:
        """Whether the service was away at some moment between two (:func:`time.monotonic`)."""
        return any(begun <= end and ended >= start for start, end in list(self._down))

    def restart(self, number: int) -> None:
        """End the service with a signal, and start it again at the same address."""
        begun = time.monotonic()
        self._down.append((begun, float("inf")))
        self.up.send(number)
        self.up.process.wait(timeout=60)
        self._collect()
        self._stack.close()
        self.up = self._start()
        self.restarts += 1
        self._down[-1] = (begun, time.monotonic() + _GRACE)

    def was_reloaded(self, since: float) -> bool:
        return self._reloaded >= since

    def reload(self) -> None:
        """Have it read its configuration again."""
        self._reloaded = time.monotonic()
        self.up.send(signal.SIGHUP)

    def kill_worker(self, chance: random.Random) -> bool:
        """Kill one of the processes that solve; False where there is none."""
        children = Path(f"/proc/{self.up.process.pid}/task/{self.up.process.pid}/children").read_text().split()
        workers = [int(child) for child in children if _WORKER in _command(int(child))]
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
        return bool(workers)

    def resident(self) -> int:
        """KiB of the server's own process; 0 while there is none."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.up.process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0

    def lock(self, root: Path, cache: Path, url: str) -> tuple[int, str]:
        """The command in a workspace, with a service: its exit code, and what it said."""
        environ = {key: value for key, value in os.environ.items() if not key.startswith("INTERLOCK_")}
        environ |= {"INTERLOCK_SERVICE": url, "INTERLOCK_SERVICE_TOKEN": self.token, "INTERLOCK_CACHE_DIR": str(cache)}
        line = [*program(), "--directory", str(root), "lock"]
        done = subprocess.run(line, env=environ, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stderr

    def workspace(self, chance: random.Random, number: int) -> Workspace:
        """A workspace of one to four members that need this and that."""
        root = self.folder / f"workspace-{number}"
        names = [f"member{one}" for one in range(chance.randint(1, 4))]
        table = f'[[tool.interlock.index]]\nname = "corp"\nurl = "{self.index.url}"\ndefault = true\n'
        root.mkdir()
        (root / "pyproject.toml").write_text(f'[tool.interlock.workspace]\nmembers = ["*"]\n{table}')
        for name in names:
            wanted = chance.sample(range(_PACKAGES), chance.randint(1, 6))
            asked = ", ".join(f'"p{one}>=1"' for one in sorted(wanted))
            (root / name).mkdir()
            text = (
                f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\ndependencies = [{asked}]\n'
            )
            (root / name / "pyproject.toml").write_text(text)
        bodies: list[bytes] = []

        def refuse(handler: BaseHTTPRequestHandler) -> None:
            status(404)(handler)

        with answering(refuse, bodies) as (url, _):
            code, said = self.lock(root, self.folder / "alone", url)
        assert code == 0, said
        lock = (root / "interlock.lock").read_bytes()
        (root / "interlock.lock").unlink()
        shutil.rmtree(root / ".interlock", ignore_errors=True)
        return Workspace(root, bodies[0], lock)

    def _start(self) -> RunningService:
        line = ("--config", str(self._configuration), "--workers", "2", "--listen", self._place)
        return self._stack.enter_context(running_service(self.folder / "data", *line)).started()

    def _collect(self) -> None:
        self.bugs += [event for event in list(self.up.events) if event["event"] in {"bug", "said"}]


def _command(number: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{number}/cmdline").read_bytes()
    return b""


@contextlib.contextmanager
def staged_service(folder: Path, chance: random.Random) -> Iterator[ServiceStage]:
    with serve_index(packages_from(chance), Behaviour(cache_control="max-age=2")) as index:
        stage = ServiceStage(folder, index)
        try:
            yield stage
        finally:
            stage.close()
