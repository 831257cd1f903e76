"""`interlock explain`: every code that can be shown has its explanation, and no explanation is about nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import get_args

import pytest

from interlock.cli.explanations import explanations
from interlock.core.soundness.finding import Fault, Note
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
    found = {code for name, node in calls("note") if name == "interlock.ops.checking" for code in constants(node, at=1)}
    found |= {
        code for name, node in calls("Finding") if name == "interlock.ops.checking" for code in constants(node, at=9)
    }
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
