"""The interpreter that runs the tests, asked once."""

from __future__ import annotations

import sys

import pytest

from interlock.envs.interpreters import Interpreter, query_interpreter

__all__: list[str] = []


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return query_interpreter(sys.executable, tmp_path_factory.mktemp("remembered"))
