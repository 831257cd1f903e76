"""Where a service listens: a host and a port, or a Unix socket."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from interlock.errors import ServiceError, UsageError

__all__ = ["BadListen", "CannotListen", "Endpoint", "listening", "parse_listen"]

_BACKLOG = 1024
_HOST_AND_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]/]*)):(\d{1,5})")
_FOR_ITS_GROUP = 0o660


class BadListen(UsageError):
    code = "bad-listen"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"--listen is `{text[:80]}`.",
            hint="Write HOST:PORT (port 0: a free one), or unix:PATH for a socket.",
            facts={"listen": text[:80]},
        )


class CannotListen(ServiceError):
    code = "cannot-listen"

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(
            f"The service cannot listen on {endpoint}: {reason}.",
            hint="Name another place with --listen; port 0 is a free one.",
            facts={"listen": endpoint, "reason": reason},
        )


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: int = 0
    """0: a free one."""
    path: Path | None = None
    """Of a Unix socket, in place of the others."""

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine gets here."""
        return self.path is not None or self.host in {"127.0.0.1", "::1", "localhost"}

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str, cwd: Path) -> Endpoint:
    """Raises :class:`BadListen`.

    >>> str(parse_listen("[::1]:80", Path())), str(parse_listen("unix:/run/interlock", Path()))
    ('[::1]:80', 'unix:/run/interlock')
    """
    if text.startswith("unix:") and len(text) > len("unix:"):
        return Endpoint(path=cwd / text.removeprefix("unix:"))
    shape = _HOST_AND_PORT.fullmatch(text)
    if shape is None or int(shape[3]) > 65535:
        raise BadListen(text)
    return Endpoint(host=shape[1] or shape[2] or "0.0.0.0", port=int(shape[3]))  # noqa: S104 - `:80` says everywhere


@contextmanager
def listening(endpoint: Endpoint) -> Iterator[tuple[socket.socket, Endpoint]]:
    """A socket that listens, and where it does. Raises :class:`CannotListen`."""
    try:
        opened = _unix(endpoint.path) if endpoint.path is not None else _inet(endpoint)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotListen(str(endpoint), reason.lower()) from error
    try:
        opened.setblocking(False)
        if endpoint.path is not None:
            yield opened, endpoint
        else:
            host, port = opened.getsockname()[:2]
            yield opened, Endpoint(host=host, port=port)
    finally:
        opened.close()
        if endpoint.path is not None:
            with suppress(OSError):
                os.unlink(endpoint.path)


def _inet(endpoint: Endpoint) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    opened = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # After a restart the port is not kept by connections that are still being closed.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def _unix(path: Path) -> socket.socket:
    if not hasattr(socket, "AF_UNIX"):
        raise OSError(errno.EAFNOSUPPORT, "this system has no Unix sockets")
    _remove_dead(path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.bind(str(path))
        os.chmod(path, _FOR_ITS_GROUP)
        opened.listen(_BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def _remove_dead(path: Path) -> None:
    """Remove the socket of a service that was killed, and nothing else."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise OSError(errno.EEXIST, "something else is there", str(path))
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            os.unlink(path)
            return
    raise OSError(errno.EADDRINUSE, "another service listens there", str(path))
