"""Serves the replica with nginx: one port that answers at once, one that waits before each answer."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.loopback import serve_with_python
from bench.replica import PAGE_KIND, Replica
from bench.traffic import NGINX_FORMAT

__all__ = ["LUA", "MODULES", "Mirror", "free_port", "serve_replica", "wait_for"]

DELAY = 0.030
MODULES = Path("/usr/lib/nginx/modules")
LUA = ("ndk_http_module.so", "ngx_http_lua_module.so")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The replica as the tools see it."""

    url: str
    delayed_url: str
    log: Path
    replica: Replica
    server: str
    """"nginx" or "python"; figures of the two are not to be compared."""

    def __repr__(self) -> str:
        return f"{self.server}, {'with' if self.replica.metadata else 'without'} metadata files"


@contextlib.contextmanager
def serve_replica(replica: Replica, folder: Path) -> Iterator[Mirror]:
    """Serve until the block ends; with nginx and its lua module where they are, else from Python."""
    log = folder / "access.log"
    log.touch()
    binary = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if binary is None or not all((MODULES / module).is_file() for module in LUA):
        with serve_with_python(replica, log) as port, serve_with_python(replica, log, delay=DELAY) as delayed:
            yield _mirror(port, delayed, log, replica, "python")
        return
    with serve_with_python(replica, log, hand_back=True) as recorder:
        port, delayed = free_port(), free_port()
        config = folder / "nginx.conf"
        config.write_text(_config(folder, replica, log, (port, delayed), recorder))
        process = subprocess.Popen([binary, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_for(port, process, folder / "error.log")
            yield _mirror(port, delayed, log, replica, "nginx")
        finally:
            process.terminate()
            process.wait()


def _mirror(port: int, delayed: int, log: Path, replica: Replica, server: str) -> Mirror:
    urls = [f"http://127.0.0.1:{number}/simple/" for number in (port, delayed)]
    return Mirror(url=urls[0], delayed_url=urls[1], log=log, replica=replica, server=server)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"nginx does not answer: {errors.read_text() if errors.is_file() else 'no log'}")


def _config(folder: Path, replica: Replica, log: Path, ports: tuple[int, int], recorder: int) -> str:
    temporary = "\n".join(
        f"    {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    modules = "\n".join(f"load_module {MODULES / module};" for module in LUA)
    servers = "\n".join(_server(port, replica, recorder, wait) for port, wait in zip(ports, (0.0, DELAY), strict=True))
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
{modules}
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
{temporary}
    log_format traffic "{NGINX_FORMAT}";
    access_log {log} traffic;
    default_type application/octet-stream;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000;
    gzip_static on;
    gzip_vary on;
{servers}
}}
"""


def _server(port: int, replica: Replica, recorder: int, wait: float) -> str:
    pause = f"access_by_lua_block {{ ngx.sleep({wait}) }}" if wait else ""
    root = replica.folder
    page, whole = "max-age=600, public", "max-age=365000000, immutable, public"
    return f"""    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {root};
        {pause}
        location ~ ^/simple/[^/]+$ {{ return 301 $uri/; }}
        location /simple/ {{
            types {{ }}
            default_type "{PAGE_KIND}";
            add_header Cache-Control "{page}";
            try_files ${{uri}}{replica.page} @record;
        }}
        location /files/ {{ add_header Cache-Control "{whole}"; try_files $uri @record; }}
        location /stored/simple/ {{
            internal; alias {root}/simple/; types {{ }} default_type "{PAGE_KIND}";
            add_header Cache-Control "{page}";
        }}
        location /stored/files/ {{ internal; alias {root}/files/; add_header Cache-Control "{whole}"; }}
        location @record {{ proxy_pass http://127.0.0.1:{recorder}; proxy_read_timeout 600s; }}
    }}"""
