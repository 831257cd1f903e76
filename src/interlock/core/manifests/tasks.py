"""Tasks of ``[tool.interlock.tasks]``: a command, a sequence, a call of a Python function or a line for the shell."""

from __future__ import annotations

import shlex
from typing import Literal, NamedTuple, get_args

import msgspec

from interlock.core.manifests.problems import suggest
from interlock.errors import ManifestError

__all__ = ["BadTask", "Step", "Task", "expand", "parse_tasks"]

_ARGUMENTS = "{args}"
_MOST_STEPS = 10_000
"""Tasks that each run two others double with every storey."""

Kind = Literal["cmd", "sequence", "call", "shell"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
_KEYS = (*_KINDS, "env", "cwd", "help")


class BadTask(ManifestError):
    """A task that cannot be understood or runs itself."""

    code = "bad-task"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One program to run."""

    kind: Literal["cmd", "call", "shell"] = "cmd"
    words: tuple[str, ...]
    """The words of a command, ``module:function`` and its arguments, or the line for the shell."""
    env: dict[str, str] = {}
    cwd: str = ""
    """Relative to the directory of the manifest the task is from; empty: that directory."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    words: tuple[str, ...]
    """As for a step; a sequence's are names of tasks or commands."""
    env: dict[str, str] = {}
    cwd: str = ""
    help: str = ""


def parse_tasks(table: object, file: str) -> dict[str, Task]:
    """Read the table. Raises :class:`BadTask`.

    >>> parse_tasks({"test": "pytest -x"}, "pyproject.toml")["test"].words
    ('pytest', '-x')
    """
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise BadTask(f"{file}: `tasks` must be a table.")
    return {name: _task(name, value, file) for name, value in table.items()}


def expand(name: str, tasks: dict[str, Task], arguments: tuple[str, ...]) -> tuple[Step, ...]:
    """The programs that a task runs, in order. Arguments go where ``{args}`` stands, or behind the last command.

    Raises :class:`BadTask` for a task that leads back to itself.
    """
    found: list[Step] = []
    waiting = [_Open(tasks[name], arguments, {}, "", (name,))]
    while waiting:
        task = waiting.pop()
        if task.task.kind == "sequence":
            waiting += reversed(_inner(task, tasks))
        else:
            env, cwd = {**task.env, **task.task.env}, task.task.cwd or task.cwd
            found.append(Step(kind=task.task.kind, words=_filled(task.task, task.arguments), env=env, cwd=cwd))
        if len(found) + len(waiting) > _MOST_STEPS:
            raise BadTask(f"The task `{name}` runs more than {_MOST_STEPS:,} programs.")
    return tuple(found)


class _Open(NamedTuple):
    """A task that is to be expanded, with what the ones around it say."""

    task: Task
    arguments: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    path: tuple[str, ...]


def _task(name: str, value: object, file: str) -> Task:
    where = f"{file}: task `{name}`"
    if isinstance(value, str):
        return Task(name=name, kind="cmd", words=_split(value, where))
    if isinstance(value, list):
        return Task(name=name, kind="sequence", words=_texts(value, where))
    if not isinstance(value, dict):
        raise BadTask(f"{where} must be a command, a list of commands or a table.")
    for key in value:
        if key not in _KEYS:
            raise BadTask(f"{where} has the unknown key `{key}`.{suggest(key, _KEYS)}")
    kinds = [kind for kind in _KINDS if kind in value]
    if len(kinds) != 1:
        raise BadTask(f"{where} needs exactly one of `cmd`, `sequence`, `call` and `shell`.")
    kind, written = kinds[0], value[kinds[0]]
    if kind == "sequence" or isinstance(written, list):
        words = _texts(written, where)
    elif isinstance(written, str):
        words = (written,) if kind in {"shell", "call"} else _split(written, where)
    else:
        raise BadTask(f"{where}: `{kind}` must be text.")
    env = value.get("env", {})
    if not isinstance(env, dict) or not all(isinstance(item, str) for item in env.values()):
        raise BadTask(f"{where}: `env` must be a table of texts.")
    return Task(
        name=name, kind=kind, words=words, env=env, cwd=str(value.get("cwd", "")), help=str(value.get("help", ""))
    )


def _split(text: str, where: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise BadTask(f"{where} cannot be split into words: {error}.") from error
    if not words:
        raise BadTask(f"{where} is empty.")
    return words


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise BadTask(f"{where} must be a list of texts that is not empty.")
    return tuple(value)


def _inner(outer: _Open, tasks: dict[str, Task]) -> list[_Open]:
    """The items of a sequence."""
    env, cwd = {**outer.env, **outer.task.env}, outer.task.cwd or outer.cwd
    found: list[_Open] = []
    for position, item in enumerate(outer.task.words):
        last = position == len(outer.task.words) - 1
        name, _, rest = item.partition(" ")
        if name in outer.path:
            raise BadTask(f"The task `{outer.path[0]}` runs itself: {' -> '.join((*outer.path, name))}.")
        if name in tasks:
            given = tuple(shlex.split(rest)) + (outer.arguments if last else ())
            found.append(_Open(tasks[name], given, env, cwd, (*outer.path, name)))
        else:
            inner = Task(name=name, kind="cmd", words=_split(item, f"task `{outer.task.name}`"))
            found.append(_Open(inner, outer.arguments if last else (), env, cwd, outer.path))
    return found


def _filled(task: Task, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the arguments in their place."""
    if task.kind == "shell":
        line, quoted = task.words[0], shlex.join(arguments)
        return (line.replace(_ARGUMENTS, quoted) if _ARGUMENTS in line else f"{line} {quoted}".rstrip(),)
    if not any(_ARGUMENTS in word for word in task.words):
        return (*task.words, *arguments)
    found: list[str] = []
    for word in task.words:
        if word == _ARGUMENTS:
            found.extend(arguments)
        else:
            found.append(word.replace(_ARGUMENTS, shlex.join(arguments)))
    return tuple(found)
