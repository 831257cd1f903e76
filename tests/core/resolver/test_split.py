"""Where forks split."""

from __future__ import annotations

from interlock.core.markers.diagram import TRUE, Marker, any_of, format_marker, parse_marker, requires_python_marker
from interlock.core.requirements.parse import parse_requirement
from interlock.core.resolver.dependencies import Dependency
from interlock.core.resolver.split import split

PYTHONS = requires_python_marker(">=3.11")


def forks(*requirements: str, env: Marker = PYTHONS) -> list[str]:
    parsed = [parse_requirement(text) for text in requirements]
    found = split(env, [Dependency(one, parse_marker(one.marker)) for one in parsed])
    assert any_of(found) is env
    return sorted(format_marker(fork) for fork in found)


def test_what_is_asked_alike_under_many_markers_is_asked_once() -> None:
    alike = [f"a>=1; platform_machine == 'm{number}'" for number in range(500)]
    assert forks(*alike, env=TRUE) == [""]


def test_what_is_asked_otherwise_is_split_by_where_each_thing_is_asked() -> None:
    low = [f"a<2; platform_machine == 'm{number}'" for number in range(0, 500, 2)]
    high = [f"a>=2; platform_machine == 'm{number}'" for number in range(1, 500, 2)]
    assert len(forks(*low, *high, env=TRUE)) == 3


def test_extras_and_groups_are_asked_apart() -> None:
    assert len(forks("a[x]; os_name == 'nt'", "a; os_name == 'posix'", env=TRUE)) == 3
    assert len(forks("a", "a[x]; os_name == 'nt'", env=TRUE)) == 2


def test_markers_that_raise_the_python_together_split_where_they_do() -> None:
    assert forks("a; python_version == '3.12'", "a; python_version >= '3.13'") == [
        "python_full_version >= '3.12'",
        "python_version == '3.11'",
    ]
