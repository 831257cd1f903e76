"""Interpreters and environments as documents, for ``--json``."""

from __future__ import annotations

from interlock.envs.interpreters import Interpreter
from interlock.ops.envs.environments import EnvironmentState

__all__ = ["describe_environment", "describe_python"]


def describe_python(interpreter: Interpreter) -> dict[str, object]:
    return {
        "executable": interpreter.executable,
        "version": interpreter.version,
        "implementation": interpreter.implementation,
        "free_threaded": interpreter.free_threaded,
        "virtual": interpreter.is_virtual,
    }


def describe_environment(state: EnvironmentState) -> dict[str, object]:
    found = state.environment
    return {
        "path": state.path,
        "member": state.member,
        "exists": found is not None,
        "ours": state.ours,
        "problem": state.problem or None,
        "python": describe_python(found.interpreter) if found is not None else None,
    }
