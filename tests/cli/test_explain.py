"""`interlock explain`: every code that can be shown has its explanation, and no explanation is about nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from interlock.cli.explanations import explanations
from interlock.core.soundness.finding import Fault, Note
from interlock.ops.imports.check_imports import ImportCode
from interlock.ops.showing.catalog import StrayCode
from tests.architecture import error_codes, modules
from tests.cli.conftest import Run


def codes(kind: str) -> set[str]:
    return {one.code for one in explanations() if one.kind == kind}


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Calls of functions with these names, and the module that each is in."""
    for module in modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
                yield module.name, node


def constants(node: ast.Call, *, at: int, keyword: str = "code") -> Iterator[str]:
    given = [argument.value for argument in node.keywords if argument.arg == keyword] + node.args[at : at + 1]
    yield from (value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str))


def warning_codes() -> set[str]:
    found = {code for _, node in calls("Warned", "Notice") for code in constants(node, at=0)}
    return found | {code for _, node in calls("warn") for code in constants(node, at=1)}


def test_every_error_is_explained() -> None:
    assert codes("error") == (error_codes() - {"error"}) | {"bug"}


def test_every_warning_is_explained() -> None:
    # What is an error elsewhere is explained there, for both.
    assert warning_codes() - codes("error") == codes("warning")


def test_what_check_finds_is_explained() -> None:
    found = {
        code
        for name, node in calls("note")
        if name == "interlock.ops.locking.checking"
        for code in constants(node, at=1)
    }
    found |= {
        code
        for name, node in calls("Finding")
        if name in {"interlock.ops.locking.checking", "interlock.cli.commands.check"}
        for code in constants(node, at=9)
    }
    found |= {*get_args(ImportCode), *get_args(StrayCode)}
    assert found - codes("error") - codes("warning") == codes("check")


def test_what_verify_lock_finds_is_explained() -> None:
    kinds = {*get_args(Fault), *get_args(Note)}
    # What a warning or an error is called as well is explained there.
    assert kinds - codes("error") - codes("warning") == codes("verify-lock")


def test_explanations_are_plain_sentences() -> None:
    for one in explanations():
        assert one.means.endswith("."), one
        assert one.example.endswith("."), one
        assert one.remedy.endswith("."), one


@pytest.mark.parametrize("asked", ["no-solution", "error[no-solution]", "error[no-solution]:"])
def test_a_code_is_explained_as_it_was_read(run: Run, asked: str) -> None:
    result = run("explain", asked)
    assert result.code == 0
    assert result.out.startswith("no-solution (error)\n  No set of versions satisfies everything that is asked.\n")
    assert "What to do: " in result.out


def test_an_unknown_code_is_answered_with_a_near_one(run: Run) -> None:
    result = run("explain", "no-solutoin")
    assert result.code == 2
    assert "Did you mean `no-solution`?" in result.err
    assert run("explain").code == 2


EXAMPLES = {
    "already-a-project": ["init"],
    "bad-argument": ["run", "-r", "--jobs", "many", "pytest"],
    "bad-build-constraints": ["build", "--package", "web", "--build-constraint", "notes.txt"],
    "bad-env-file": ["run", "--env-file", ".env", "python"],
    "bad-pin": ["python", "pin", "./bin/python"],
    "bad-project-name": ["new", "my project"],
    "bad-python-request": ["sync", "--package", "web", "--python", "three"],
    "bad-requirement": ["add", "--package", "web", "httpx>>1"],
    "bad-value": ["env", "use"],
    "cannot-start": ["run", "./notes.txt"],
    "command-not-found": ["run", "pytset"],
    "conflicting-login": ["publish", "--token", "pypi-abc", "--username", "ann"],
    "directory-not-empty": ["new", "apps/web"],
    "git-reference-missing": ["add", "--package", "web", "lib @ git+REPOSITORY@v9"],
    "invalid-name": ["sync", "--all-packages", "--reinstall-package", "my/web"],
    "lock-missing": ["sync", "--locked"],
    "no-command": ["--offline"],
    "no-directory": ["-C", "nowhere", "lock"],
    "no-environment": ["env", "verify"],
    "no-member-here": ["add", "httpx"],
    "no-pin": ["python", "pin"],
    "no-requirements-file": ["add", "--package", "web", "-r", "requirements.txt"],
    "no-such-extra": ["sync", "--all-packages", "--extra", "gpu"],
    "no-such-group": ["sync", "--all-packages", "--group", "test"],
    "not-a-dependency": ["remove", "--package", "web", "reqests"],
    "not-in-lock": ["why", "requets"],
    "not-locked": ["update", "reqests"],
    "nothing-there": ["add", "--package", "web", "./lib"],
    "offline": ["info", "reqests", "--offline", "--default-index", "http://127.0.0.1:9/simple/"],
    "package-unknown": ["info", "reqests", "--no-index"],
    "self-dependency": ["add", "--package", "web", "web"],
    "unknown-command": ["lokc"],
    "unknown-member": ["sync", "--package", "wbe"],
    "unknown-option": ["lock", "--upgarde"],
    "unknown-repository": ["publish", "--package", "web", "-r", "compnay"],
}
"""By code a command line as its explanation has one for an example, or one that comes to the same."""
_WITHOUT_LOCK = {"lock-missing"}


@pytest.mark.parametrize("code", EXAMPLES)
def test_what_is_shown_as_an_example_ends_in_that_error(
    run: Run, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    (workspace / "notes.txt").write_text("not a program, and no requirement\n")
    (workspace / "dist").mkdir()
    if EXAMPLES[code][0] in {"build", "publish"}:
        with (workspace / "apps/web/pyproject.toml").open("a") as file:
            file.write('[build-system]\nrequires = []\nbuild-backend = "backend"\n')
    monkeypatch.setenv("INTERLOCK_NO_INDEX", "1")
    if code not in _WITHOUT_LOCK:
        assert run("lock").code == 0
    if "--default-index" in EXAMPLES[code]:
        monkeypatch.delenv("INTERLOCK_NO_INDEX")
    there = repository(tmp_path)
    result = run(*(text.replace("REPOSITORY", there) for text in EXAMPLES[code]))
    assert result.err.startswith(f"error[{code}]: "), result


def repository(place: Path) -> str:
    """A git repository without any tag."""
    tree = place / "lib"
    tree.mkdir()
    (tree / "pyproject.toml").write_text('[project]\nname = "lib"\nversion = "1"\n')
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=tree, check=True)
    return tree.as_uri()
