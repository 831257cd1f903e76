"""Runs inside a build environment's interpreter and calls build backends (PEP 517, PEP 660); imports nothing of ours.

Must work on Python 3.8 and later, so it is written without newer syntax. Two ways to start it::

    python _hook_runner.py serve <backend>   import the backend once, then fork a child for every call
    python _hook_runner.py once              take one request, answer it, exit (where fork is missing or unsafe)

Frames in both directions are a four byte big-endian length and a JSON object. In: ``{"id", "hook", "tree", "backend",
"backend_path", "args", "log"}`` or ``{"id", "cancel": true}``. Out: first ``{"ready", "fork", "python"}``, then for
each call ``{"id", "pid"}`` and ``{"id", "result"}``. A result is data whatever the backend did: its ``kind`` is
``value``, ``missing-hook``, ``unavailable``, ``unsupported``, ``raised``, ``exited``, ``garbage``, ``died`` or
``cancelled``.

A child is the leader of its own session, its standard output and error are the call's log, and it never holds the
protocol's descriptors, so nothing a backend prints, forks or leaves behind can be taken for an answer. The server ends
when its standard input does, and takes its children with it: a killed parent leaves nothing running.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import importlib.util
import itertools
import json
import os
import selectors
import signal
import struct
import sys
import threading
import time
from typing import Any

_HEADER = struct.Struct(">I")
_LIMIT = 64 * 1024 * 1024
_GRACE = 5.0
_ROUNDS = 8
_HERE = os.path.dirname(os.path.abspath(__file__))  # no part of the build environment
# What a backend's call imports is imported in the server too, so that the next child finds it loaded. Only packages
# known to do nothing but define things: numpy.distutils, for one, patches setuptools when it is imported.
_PURE = frozenset(("packaging", "pathspec", "pluggy", "tomli", "tomllib", "trove_classifiers", "typing_extensions"))
_NEVER = frozenset(
    ("__main__", "antigravity", "distutils", "idlelib", "pip", "readline", "site", "sitecustomize", "this", "tkinter")
)


def _beside(name: str) -> Any:
    """A file beside this one as a module; the folder it is in is never on the path of a backend."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(_HERE, name + ".py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_CALL = _beside("_hook_call")


def _take_frame(buffer: bytearray) -> dict[str, Any] | None:
    """Cut the first frame off a buffer, or None while it is not complete."""
    end = _HEADER.size + (_HEADER.unpack_from(buffer)[0] if len(buffer) >= _HEADER.size else 0)
    if len(buffer) < max(end, _HEADER.size):
        return None
    message: dict[str, Any] = json.loads(bytes(buffer[_HEADER.size : end]).decode("utf-8"))
    del buffer[:end]
    return message


def _write_frame(descriptor: int, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode("utf-8")
    data = memoryview(_HEADER.pack(len(body)) + body)
    while data:
        data = data[os.write(descriptor, data) :]


def _take_protocol() -> tuple[int, int]:
    """Move the protocol away from descriptors 0 and 1, where a backend may read and print."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def _redirect(path: str) -> None:
    """Standard output and error into the log, standard input from nothing."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


class _Child:
    """One running call."""

    def __init__(self, number: int, pid: int, pipe: int) -> None:
        self.number = number
        self.pid = pid
        self.pipe = pipe
        self.data = bytearray()
        self.result: dict[str, Any] | None = None
        self.status: int | None = None
        self.cancelled = False
        self.deadline: float | None = None

    def kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            # The child may not have become a group leader yet, or nothing of it is left.
            if self.status is None:
                with contextlib.suppress(OSError):
                    os.kill(self.pid, signal.SIGKILL)


class _Server:
    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming = incoming
        self.outgoing = outgoing
        self.children: dict[int, _Child] = {}
        self.rounds = 0
        self.buffer = bytearray()
        self.selector = selectors.DefaultSelector()
        self.wake, self.wake_end = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self.wake_end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake_end, warn_on_full_buffer=False)
        self.selector.register(self.wake, selectors.EVENT_READ, None)
        self.selector.register(incoming, selectors.EVENT_READ, None)

    def run(self) -> None:
        try:
            while True:
                self.turn()
        except (EOFError, BrokenPipeError):
            for child in list(self.children.values()):
                child.kill()

    def turn(self) -> None:
        deadlines = [child.deadline for child in self.children.values() if child.deadline is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        for key, _ in self.selector.select(timeout):
            if key.fd == self.incoming:
                self.receive()
            elif key.fd == self.wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake, 4096)
            else:
                self.collect(key.data)
        self.reap()

    def receive(self) -> None:
        part = os.read(self.incoming, 1 << 16)
        if not part:
            raise EOFError
        self.buffer += part
        while (request := _take_frame(self.buffer)) is not None:
            if request.get("cancel"):
                for child in self.children.values():
                    if child.number == request["id"]:
                        child.cancelled = True
                        child.kill()
            else:
                self.start(request)

    def start(self, request: dict[str, Any]) -> None:
        reading, writing = os.pipe()
        _flush()
        pid = os.fork()
        if pid == 0:
            self.be_child(request, writing)
        os.close(writing)
        os.set_blocking(reading, False)
        child = self.children[pid] = _Child(request["id"], pid, reading)
        self.selector.register(reading, selectors.EVENT_READ, child)
        _write_frame(self.outgoing, {"id": request["id"], "pid": pid})

    def be_child(self, request: dict[str, Any], writing: int) -> None:
        """The whole life of a child; never returns."""
        me, code, answered = os.getpid(), 1, False
        try:
            os.setsid()
            _redirect(request["log"])
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.selector.close()
            # A child that has closed its end but is not reaped yet has no pipe (-1) any more.
            pipes = [other.pipe for other in self.children.values() if other.pipe >= 0]
            for descriptor in (self.incoming, self.outgoing, self.wake, self.wake_end, *pipes):
                os.close(descriptor)
            before = len(sys.modules)
            result = _CALL.call(request)
            # A backend that forked and let both sides return: only the process that was asked may answer.
            if os.getpid() == me:
                if result["kind"] == "value" and not request["backend_path"] and self.rounds < _ROUNDS:
                    result["modules"] = _learned(before, request["backend"])
                _flush()
                answered = True
                _write_frame(writing, result)
                code = 0
        except BaseException as error:
            told = _CALL.told("raised", error)
            with contextlib.suppress(BaseException):
                if os.getpid() == me and not answered:
                    _write_frame(writing, told)
        finally:
            with contextlib.suppress(BaseException):
                if os.getpid() == me:
                    atexit._run_exitfuncs()
                _flush()
            os._exit(code)

    def collect(self, child: _Child) -> None:
        """Read what a child has written; its end of file means nothing, a stray process may hold the pipe open."""
        while True:
            try:
                part = os.read(child.pipe, 1 << 16)
            except BlockingIOError:
                break
            if not part:
                self.selector.unregister(child.pipe)
                os.close(child.pipe)
                child.pipe = -1
                break
            child.data += part
            if len(child.data) > _LIMIT:
                child.kill()
                break
        if child.result is None:
            # What is not a frame was not written by us, and such a child has not answered.
            with contextlib.suppress(ValueError):
                child.result = _take_frame(child.data)
        if child.deadline is None and child.result is not None:
            # The answer is there; what is left is tidying up, which may not take for ever.
            child.deadline = time.monotonic() + _GRACE

    def reap(self) -> None:
        now = time.monotonic()
        for child in list(self.children.values()):
            if child.deadline is not None and now >= child.deadline:
                child.kill()
            try:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = child.pid, 0
            if pid:
                child.status = status
                self.finish(child)

    def finish(self, child: _Child) -> None:
        if child.pipe >= 0:
            self.collect(child)
        if child.pipe >= 0:
            self.selector.unregister(child.pipe)
            os.close(child.pipe)
        child.kill()
        del self.children[child.pid]
        status = child.status or 0
        result: dict[str, Any] = {"kind": "cancelled" if child.cancelled else "died"}
        if child.result is not None and "kind" in child.result:
            result = child.result
        elif os.WIFSIGNALED(status):
            result["signal"] = os.WTERMSIG(status)
        else:
            result["status"] = os.WEXITSTATUS(status)
        modules = result.pop("modules", [])
        _write_frame(self.outgoing, {"id": child.number, "result": result})
        self.learn(modules)

    def learn(self, modules: list[str]) -> None:
        """Import what calls import; what fails, every child imports itself, as it would without us."""
        missing = [name for name in modules if name not in sys.modules] if self.rounds < _ROUNDS else []
        self.rounds += bool(missing)
        for name in missing:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        gc.freeze()


def _learned(before: int, backend: str) -> list[str]:
    """Modules this call imported that are safe to have loaded ahead: the standard library's and the backend's."""
    # Python 3.8 and 3.9 cannot tell what their standard library is; the backend's own modules are most of it.
    own = backend.partition(":")[0].partition(".")[0]
    safe = _PURE.union(getattr(sys, "stdlib_module_names", ()), (own,)) - _NEVER
    # The newest come last. The others are not even looked at, to have no page of theirs copied.
    new = list(itertools.islice(reversed(sys.modules), max(0, len(sys.modules) - before)))
    specs = [(name, getattr(sys.modules[name], "__spec__", None)) for name in reversed(new)]
    return [name for name, spec in specs if spec and spec.name == name and name.partition(".")[0] in safe]


def _may_fork() -> bool:
    """Whether children of this process would be whole: fork exists and the imports started no threads."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return False
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task")) == 1
    return True


def _serve(backend: str) -> None:
    incoming, outgoing = _take_protocol()
    if backend and hasattr(os, "fork"):
        # If it fails, each child tries again and reports it as its result.
        with contextlib.suppress(BaseException):
            importlib.import_module(backend.partition(":")[0])
    may_fork = _may_fork()
    _write_frame(outgoing, {"ready": True, "fork": may_fork, "python": sys.version.split()[0]})
    if may_fork:
        # Children leave alone what is loaded now: to look for garbage in it would copy all its pages.
        gc.collect()
        gc.freeze()
        _Server(incoming, outgoing).run()


def _watch(incoming: int) -> None:
    """End this process when the frontend is gone, or says anything more: there is nothing left to say but "cancel"."""
    with contextlib.suppress(OSError):
        os.read(incoming, 1 << 16)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _once() -> None:
    incoming, outgoing = _take_protocol()
    _write_frame(outgoing, {"ready": True, "fork": False, "python": sys.version.split()[0]})
    buffer = bytearray()
    while (request := _take_frame(buffer)) is None:
        part = os.read(incoming, 1 << 16)
        if not part:
            return
        buffer += part
    me = os.getpid()
    threading.Thread(target=_watch, args=(incoming,), daemon=True).start()
    _redirect(request["log"])
    _write_frame(outgoing, {"id": request["id"], "pid": me})
    result = _CALL.call(request)
    if os.getpid() == me:
        _flush()
        _write_frame(outgoing, {"id": request["id"], "result": result})
        atexit._run_exitfuncs()
    _flush()
    os._exit(0)


def _main() -> None:
    sys.path[:] = [entry for entry in sys.path if entry and os.path.abspath(entry) != _HERE]
    os.umask(0o022)  # backends pack the modes of what they write, and those are to be the same for everybody
    _serve(sys.argv[2]) if sys.argv[1] == "serve" else _once()


if __name__ == "__main__":
    _main()
