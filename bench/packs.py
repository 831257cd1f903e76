"""``python -m bench.packs``: a cold install through a pack against one from the index, over a line that is far away.

Every answer waits for 30 ms and no connection gets more than 10 MB/s, of the index as of the service. Then an install
is killed when half has come and begun again, and what was sent twice is counted.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.nginx import LUA, MODULES, free_port, wait_for
from bench.paths import fresh, memory_folder
from bench.replica import PAGE_KIND
from bench.traffic import NGINX_FORMAT, traffic_since

__all__ = ["Line", "Measured", "Setting", "far_away", "measure"]

_DELAY = 0.030
_RATE = "10m"
_SIZES = ((1, 60_000_000), (5, 10_000_000), (30, 1_000_000))
"""How many wheels of which size, of two hundred; the others are of 50 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    seconds: float
    bytes: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A folder with wheels, their index and a workspace that needs them all."""

    folder: Path
    count: int
    scale: float
    """Of the sizes."""

    def sizes(self) -> list[int]:
        large = [size for count, size in _SIZES for _ in range(max(1, count * self.count // 200))]
        sizes = [*large, *[50_000] * (self.count - len(large))][: self.count]
        return [max(1000, int(size * self.scale)) for size in sizes]

    def build(self, url: str) -> None:
        chance = random.Random(1)
        for number, size in enumerate(self.sizes()):
            name = f"wheel{number}"
            data = _wheel(name, size, chance)
            filename = f"{name}-1.0-py3-none-any.whl"
            _write(self.folder / "index/files" / filename, data)
            file = {
                "filename": filename,
                "url": f"../../files/{filename}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
                "size": len(data),
                "upload-time": "2025-01-01T00:00:00Z",
            }
            page = {"meta": {"api-version": "1.1"}, "name": name, "versions": ["1.0"], "files": [file]}
            _write(self.folder / "index/simple" / name / "page", json.dumps(page).encode())
        needs = ", ".join(f'"wheel{number}"' for number in range(self.count))
        manifest = f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{needs}]\n'
        _write(self.tree / "pyproject.toml", f"{manifest}[tool.interlock]\npackage = false\n".encode())
        self.interlock("lock", INTERLOCK_DEFAULT_INDEX=url)

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("INTERLOCK_", "UV_", "PIP_"))}
        own = {"HOME": str(self.folder / "home"), "INTERLOCK_CACHE_DIR": str(self.folder / "cache")}
        return {**kept, **own, "INTERLOCK_PYTHON": sys.executable, **more}

    def interlock(self, *arguments: str, **environ: str) -> str:
        line = [sys.executable, "-m", "interlock", *arguments]
        done = subprocess.run(
            line, cwd=self.tree, env=self.environ(**environ), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{arguments} ended with {done.returncode}\n{done.stderr}")
        return done.stdout

    def empty(self) -> None:
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
        shutil.rmtree(self.tree / ".venv", ignore_errors=True)


class Line:
    """The index and the service as they are seen from far away."""

    def __init__(self, setting: Setting, log: Path, index: int, service: int) -> None:
        self.setting = setting
        self.log = log
        self.index = f"http://127.0.0.1:{index}/simple/"
        self.service = f"http://127.0.0.1:{service}"

    def install(self, **environ: str) -> Measured:
        """A cold install; what is in the cache by then stays there."""
        before, begun = self.log.stat().st_size, time.perf_counter()
        self.setting.interlock("sync", "--locked", INTERLOCK_DEFAULT_INDEX=self.index, **environ)
        seconds = time.perf_counter() - begun
        traffic = traffic_since(self.log, before)
        return Measured(seconds=seconds, bytes=traffic.bytes, requests=traffic.requests)

    def killed(self, most: int, **environ: str) -> int:
        """Kill an install once so many bytes have come; the bytes that were sent to it in the end."""
        before = self.log.stat().st_size
        line = [sys.executable, "-m", "interlock", "sync", "--locked"]
        environ = self.setting.environ(INTERLOCK_DEFAULT_INDEX=self.index, **environ)
        process = subprocess.Popen(line, cwd=self.setting.tree, env=environ, stderr=subprocess.DEVNULL)
        while process.poll() is None and traffic_since(self.log, before).bytes < most:
            time.sleep(0.01)
        process.kill()
        process.wait()
        time.sleep(0.5)
        return traffic_since(self.log, before).bytes


def measure(setting: Setting) -> dict[str, Measured | int]:
    """Both ways once, and one that is killed and begun again."""
    with far_away(setting) as line, _service(setting, line) as token:
        through = {"INTERLOCK_SERVICE": line.service, "INTERLOCK_SERVICE_TOKEN": token}
        line.install(**through)  # so that the service has the files
        found: dict[str, Measured | int] = {}
        for name, environ in (("index", {}), ("pack", through)):
            setting.empty()
            found[name] = line.install(**environ)
        pack = found["pack"]
        assert isinstance(pack, Measured)
        setting.empty()
        found["before the kill"] = line.killed(pack.bytes // 2, **through)
        found["after the kill"] = line.install(**through).bytes
        return found


@contextlib.contextmanager
def far_away(setting: Setting) -> Iterator[Line]:
    folder, index, service, inner = setting.folder, free_port(), free_port(), free_port()
    log = folder / "access.log"
    log.touch()
    (folder / "nginx.conf").write_text(_config(folder, log, (index, service, inner)))
    process = subprocess.Popen(
        ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(index, process, folder / "error.log")
        line = Line(setting, log, index, service)
        setting.build(line.index)
        (folder / "inner").write_text(str(inner))
        yield line
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _service(setting: Setting, line: Line) -> Iterator[str]:
    folder = setting.folder
    (folder / "service.toml").write_text(f'[[index]]\nname = "far"\nurl = "{line.index}"\n')
    places = ["--data", str(folder / "data")]
    token = setting.interlock("serve", "token", "create", *places, "--scope", "cache:read").split()[-1]
    listen = ["--listen", f"127.0.0.1:{(folder / 'inner').read_text()}", "--config", str(folder / "service.toml")]
    process = subprocess.Popen(
        [sys.executable, "-m", "interlock", "serve", *places, *listen],
        env=setting.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield token
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()


def _config(folder: Path, log: Path, ports: tuple[int, int, int]) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    modules = "\n".join(f"load_module {MODULES / module};" for module in LUA)
    index, service, inner = ports
    far = f"access_by_lua_block {{ ngx.sleep({_DELAY}) }} limit_rate {_RATE};"
    return f"""{"user root;" if os.geteuid() == 0 else ""}
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
{modules}
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
{temporary}
log_format traffic "{NGINX_FORMAT}"; access_log {log} traffic;
tcp_nodelay on; keepalive_requests 1000000; default_type application/octet-stream;
server {{
    listen 127.0.0.1:{index} backlog=1024; root {folder}/index; {far}
    location /simple/ {{ types {{ }} default_type "{PAGE_KIND}"; try_files ${{uri}}page =404; }}
}}
server {{
    listen 127.0.0.1:{service} backlog=1024; {far}
    location / {{ proxy_pass http://127.0.0.1:{inner}; proxy_http_version 1.1; proxy_set_header Host $host:$server_port;
                  proxy_max_temp_file_size 0; }}
}}
}}
"""


def _wheel(name: str, size: int, chance: random.Random) -> bytes:
    """As hard to compress as real ones are: they have been."""
    made = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        parts = {
            f"{name}/data{number}.bin": chance.randbytes(min(size, 1 << 20)) for number in range(max(1, size >> 20))
        }
        parts[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
        parts[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        parts[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*parts, f"{info}/RECORD")).encode()
        for path, data in parts.items():
            archive.writestr(path, data)
    return made.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.packs", description=__doc__)
    parser.add_argument("--wheels", type=int, default=200)
    parser.add_argument("--scale", type=float, default=1.0, help="of their sizes: 160 MB together with 1")
    arguments = parser.parse_args()
    folder = memory_folder()
    try:
        setting = Setting(folder=fresh(folder / "packs"), count=arguments.wheels, scale=arguments.scale)
        for name, found in measure(setting).items():
            if isinstance(found, Measured):
                print(f"{name:16} {found.seconds:6.1f} s  {found.bytes / 1e6:7.1f} MB  {found.requests:5} requests")
            else:
                print(f"{name:16} {'':9} {found / 1e6:7.1f} MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
