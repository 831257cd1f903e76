"""Runs inside a build environment's interpreter: one call of a build backend, and what became of it.

Loaded by ``_hook_runner.py``, which says what a result is. Must work on Python 3.8 and later.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import sys
import traceback
from typing import Any

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


def _load(backend: str, backend_path: list[str], tree: str) -> Any:
    """Import the backend and return the object that has the hooks."""
    module_name, _, attributes = backend.partition(":")
    roots = [os.path.realpath(os.path.join(tree, entry)) for entry in backend_path]
    sys.path[:0] = roots
    found: Any = importlib.import_module(module_name)
    origin = os.path.realpath(getattr(found, "__file__", None) or next(iter(getattr(found, "__path__", [])), ""))
    if roots and not any(origin.startswith(os.path.join(root, "")) for root in roots):
        raise ImportError(f"the backend `{module_name}` is not in backend-path, it was found at {origin}")
    for attribute in filter(None, attributes.split(".")):
        found = getattr(found, attribute)
    return found


def call(request: dict[str, Any]) -> dict[str, Any]:
    """Run one hook in this process and describe what became of it."""
    os.chdir(request["tree"])
    sys.argv = [request["backend"].partition(":")[0]]
    importlib.invalidate_caches()
    try:
        backend = _load(request["backend"], request["backend_path"], request["tree"])
    except BaseException as error:
        return told("unavailable", error)
    hook = getattr(backend, request["hook"], None)
    if hook is None:
        return {"kind": "missing-hook"}
    try:
        value = hook(*request["args"])
    except SystemExit as error:
        ended = told("exited", error)
        del ended["message"]
        return {**ended, "status": error.code if isinstance(error.code, int) else str(error.code)}
    except BaseException as error:
        return told("unsupported" if type(error).__name__ == "UnsupportedOperation" else "raised", error)
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return {"kind": "garbage", "message": repr(value)[:200]}
    return {"kind": "value", "value": value}


def told(kind: str, error: BaseException) -> dict[str, Any]:
    """What became of a call that an error ended; its stack is for the log, which may have no room for it either."""
    with contextlib.suppress(OSError, ValueError):
        traceback.print_exc()
    answer: dict[str, Any] = {"kind": kind, "message": _describe(error)}
    full = _full_disk(error)
    return {**answer, "full": full} if full else answer


def _full_disk(error: BaseException | None) -> tuple[int, str] | None:
    """Number and file, as far as it is known, of the first cause of an error that is a disk without room."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _FULL:
            name = error.filename2 or error.filename or ""
            return error.errno, os.path.abspath(os.fsdecode(name)) if isinstance(name, (str, bytes)) and name else ""
        error = error.__cause__ or error.__context__
    return None


def _describe(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)).strip()[-2000:]
