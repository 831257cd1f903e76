"""The examples in the docstrings of core are true."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.architecture import modules, room_of

WITH_EXAMPLES = [name for name, module in modules().items() if room_of(name) == "core" and ">>> " in module.text]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_an_example_gives_what_it_says(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.FAIL_FAST)
    assert found.attempted > 0
    assert found.failed == 0
