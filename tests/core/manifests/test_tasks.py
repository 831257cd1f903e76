"""Tasks: what they run, in what order, with which arguments; and what is wrong with the rest."""

from __future__ import annotations

from typing import Any

import pytest

from interlock.core.manifests.tasks import BadTask, Step, expand, parse_tasks


def steps(tasks: dict[str, Any], name: str, *arguments: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(step.kind, step.words) for step in expand(name, parse_tasks(tasks, "pyproject.toml"), arguments)]


def test_arguments_go_behind_or_where_they_are_wanted() -> None:
    assert steps({"test": "pytest -x"}, "test", "a b") == [("cmd", ("pytest", "-x", "a b"))]
    assert steps({"test": "pytest {args} -x"}, "test", "a", "b") == [("cmd", ("pytest", "a", "b", "-x"))]
    assert steps({"test": "pytest --only={args}"}, "test", "a b") == [("cmd", ("pytest", "--only='a b'"))]
    assert steps({"show": {"shell": "cat {args} | wc"}}, "show", "a b") == [("shell", ("cat 'a b' | wc",))]
    assert steps({"show": {"shell": "ls"}}, "show") == [("shell", ("ls",))]
    assert steps({"go": {"call": "app:main"}}, "go", "x") == [("call", ("app:main", "x"))]
    assert steps({"go": {"cmd": ["a b", "c"]}}, "go") == [("cmd", ("a b", "c"))]


def test_a_sequence_runs_tasks_and_commands_and_the_last_gets_the_arguments() -> None:
    tasks = {
        "lint": {"cmd": "ruff check", "env": {"A": "1"}, "cwd": "src"},
        "all": {"sequence": ["lint --fix", "mypy", "lint"], "env": {"B": "2"}},
    }
    assert expand("all", parse_tasks(tasks, "f"), ("x",)) == (
        Step(words=("ruff", "check", "--fix"), env={"B": "2", "A": "1"}, cwd="src"),
        Step(words=("mypy",), env={"B": "2"}),
        Step(words=("ruff", "check", "x"), env={"B": "2", "A": "1"}, cwd="src"),
    )


def test_a_task_that_leads_back_to_itself() -> None:
    with pytest.raises(BadTask, match=r"The task `a` runs itself: a -> b -> a\."):
        steps({"a": ["b"], "b": ["a"]}, "a")


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (3, "must be a command, a list of commands or a table"),
        ({"cmd": "a", "hlep": "x"}, "has the unknown key `hlep`. Did you mean `help`?"),
        ({"cmd": "a", "shell": "b"}, "needs exactly one of"),
        ({}, "needs exactly one of"),
        ({"cmd": 3}, "`cmd` must be text"),
        ({"cmd": "a", "env": {"A": 1}}, "`env` must be a table of texts"),
        ("it's", "cannot be split into words"),
        ("  ", "is empty"),
        ([], "must be a list of texts that is not empty"),
        ({"sequence": "a"}, "must be a list of texts that is not empty"),
    ],
)
def test_mistakes_name_the_file_and_the_task(task: object, words: str) -> None:
    with pytest.raises(BadTask) as caught:
        parse_tasks({"broken": task}, "packages/a/pyproject.toml")
    assert caught.value.message.startswith("packages/a/pyproject.toml: task `broken`")
    assert words in caught.value.message


def test_the_table_itself() -> None:
    assert parse_tasks(None, "f") == {}
    with pytest.raises(BadTask, match="`tasks` must be a table"):
        parse_tasks(["a"], "f")


def test_a_chain_of_tasks_is_run_however_long_it_is() -> None:
    table: dict[str, object] = {f"t{number}": [f"t{number + 1}"] for number in range(2000)}
    (step,) = expand("t0", parse_tasks({**table, "t2000": "echo done"}, "pyproject.toml"), ("now",))
    assert step.words == ("echo", "done", "now")


def test_a_tower_of_tasks_is_refused() -> None:
    table: dict[str, object] = {f"t{number}": [f"t{number + 1} x", f"t{number + 1} y"] for number in range(60)}
    with pytest.raises(BadTask, match="`t0` runs more than 10,000 programs"):
        expand("t0", parse_tasks({**table, "t60": "echo"}, "pyproject.toml"), ())
