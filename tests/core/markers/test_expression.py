"""Marker text is read into a tree, and what cannot be read is shown where it goes wrong."""

from __future__ import annotations

import pytest

from interlock.core.markers.expression import VARIABLES, Comparison, InvalidMarker, Junction, parse_expression
from interlock.errors import ManifestError


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_variable_is_known(name: str) -> None:
    assert parse_expression(f"{name} == 'x'") == Comparison(name, "==", "x", 0)


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ("os.name", "os_name"),
        ("sys.platform", "sys_platform"),
        ("platform.version", "platform_version"),
        ("platform.machine", "platform_machine"),
        ("platform.python_implementation", "platform_python_implementation"),
        ("python_implementation", "platform_python_implementation"),
    ],
)
def test_dotted_names_of_old_metadata_are_read(old: str, name: str) -> None:
    assert parse_expression(f"{old} == 'x'") == Comparison(name, "==", "x", 0)


@pytest.mark.parametrize(
    ("text", "variable", "operator", "value"),
    [
        ("'3.8' <= python_version", "python_version", ">=", "3.8"),
        ('"3.8">python_version', "python_version", "<", "3.8"),
        ("'nt' == os_name", "os_name", "==", "nt"),
        ("'x' in extras", "extras", "has", "x"),
        ("'x' not  in dependency_groups", "dependency_groups", "has not", "x"),
        ("os_name in 'nt posix'", "os_name", "in", "nt posix"),
        ("os_name not in 'nt'", "os_name", "not in", "nt"),
        ("python_full_version === '3.8.1'", "python_full_version", "===", "3.8.1"),
        ("python_version~='3.8'", "python_version", "~=", "3.8"),
        ("""extra == "it's" """, "extra", "==", "it's"),
    ],
)
def test_comparisons(text: str, variable: str, operator: str, value: str) -> None:
    found = parse_expression(text)
    assert isinstance(found, Comparison)
    assert (found.variable, found.operator, found.value) == (variable, operator, value)


def test_and_binds_tighter_than_or() -> None:
    found = parse_expression("os_name == 'a' or os_name == 'b' and (os_name == 'c' or os_name == 'd')")
    assert isinstance(found, Junction)
    assert found.operator == "or"
    inner = found.operands[1]
    assert isinstance(inner, Junction)
    assert inner.operator == "and"
    assert isinstance(inner.operands[1], Junction)
    assert inner.operands[1].operator == "or"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("os_name = 'nt'", 8),
        ("os_name == 'nt", 11),
        ("os_name == nt", 11),
        ("nonsense == 'nt'", 0),
        ("os_name == 'nt' and", 19),
        ("os_name == 'nt' os_name == 'nt'", 16),
        ("(os_name == 'nt'", 16),
        ("os_name == 'nt')", 15),
        ("os_name not 'nt'", 12),
        ("os_name 'nt'", 8),
        ("'a' == 'b'", 7),
        ("'3.8' ~= python_version", 6),
        ("", 0),
        ("os_name == 'a' & os_name == 'b'", 15),
    ],
)
def test_the_caret_points_at_the_problem(text: str, position: int) -> None:
    with pytest.raises(InvalidMarker) as caught:
        parse_expression(text)
    assert caught.value.position == position
    assert isinstance(caught.value, ManifestError)
    assert caught.value.code == "invalid-marker"
    assert caught.value.message.endswith(f"\n    {text}\n    {' ' * position}^")
