"""The truth of a marker in one environment: one walk from the root of its diagram."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from interlock.core.markers.nodes import Marker
from interlock.core.markers.releases import interpreter_key, platform_key

__all__ = ["evaluate"]

_NONE: frozenset[str] = frozenset()


def evaluate(marker: Marker, environment: Mapping[str, str], active: frozenset[str] = _NONE) -> bool:
    """Whether the marker holds.

    ``active`` holds the extras and conflict keys that are asked for, normalised, and ``:name`` for dependency groups.
    A variable missing from the environment is empty text.
    """
    node = marker
    while node.children:
        tested = node.variable
        name = tested.name
        if tested.kind == "string":
            value = environment.get(name, "")
            node = node.children[node.keys.index(value) if value in node.keys else -1]
        elif tested.kind == "version":
            # A version stands between (key, 0) and (key, 1).
            key = platform_key(environment.get(name, "")) if name[0:2] == "pl" else _interpreter(name, environment)
            node = node.children[bisect_right(node.keys, (key, 0))]
        elif name in {"extra", "extras"}:
            node = node.children[tested.value in active if tested.value else not active]
        elif name == "dependency_groups":
            node = node.children[f":{tested.value}" in active]
        else:
            node = node.children[tested.decide(environment.get(name, ""))]
    return node.is_true


def _interpreter(name: str, environment: Mapping[str, str]) -> object:
    text = environment.get(name)
    if text is None:
        text = environment.get("python_version", "") if name == "python_full_version" else ""
    return interpreter_key(text)
