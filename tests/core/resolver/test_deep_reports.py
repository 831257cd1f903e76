"""Explanations whose chains are as long as a workspace is deep."""

from __future__ import annotations

from tests.core.resolver.world import resolve

DEEP = 1200


def test_a_clash_at_the_end_of_a_chain_is_explained() -> None:
    chain = {f"p{number}": {"1.0": {"requires": [f"p{number + 1}"]}} for number in range(DEEP)}
    packages = {**chain, f"p{DEEP}": {"1.0": {"requires": ["end>2"]}}, "end": {"1.0": {}}}
    error = resolve({"root": {"requires": ["p0"]}, "packages": packages}).error
    assert error is not None
    first, *lines = error.message.splitlines()
    assert first == "`root` requires `p0` (pyproject.toml), which cannot be had: no version of `end` is `>2`."
    assert len(lines) == DEEP + 1
    assert lines[-1].strip() == f"p{DEEP} 1.0 requires end>2"
