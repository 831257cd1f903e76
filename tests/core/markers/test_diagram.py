"""Rules of the marker algebra, one by one."""

from __future__ import annotations

import pytest

from interlock.core.markers.diagram import (
    FALSE,
    TRUE,
    Interval,
    InvalidMarker,
    evaluate,
    extra_marker,
    extras_in,
    format_marker,
    lower_bound_marker,
    parse_marker,
    python_lower_bound,
    python_range,
    python_upper_bound,
    requires_python_marker,
    restrict_extra,
    restrict_key,
    simplify,
    upper_bound_marker,
    without_extras,
)
from interlock.core.markers.environment import standard_environment


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("python_version == '3.10'", "python_full_version >= '3.10' and python_full_version < '3.11'"),
        ("python_version == '3.10'", "python_full_version == '3.10.*'"),
        ("python_version > '3.9'", "python_full_version >= '3.10'"),
        ("python_version <= '3.9'", "python_full_version < '3.10'"),
        ("python_version ~= '3.9'", "python_full_version >= '3.9' and python_full_version < '4'"),
        ("python_version == '3.*'", "python_full_version >= '3' and python_full_version < '4'"),
        ("python_version in '3.10, 3.11'", "python_full_version >= '3.10' and python_full_version < '3.12'"),
        ("python_version in '3.10 3.11'", "python_version == '3.10' or python_version == '3.11'"),
        ("python_version not in '3.10'", "python_version != '3.10'"),
        ("python_version >= '3.9.7'", "python_full_version >= '3.10'"),
        ("python_version < '3.9.7'", "python_full_version < '3.10'"),
        ("python_version == '3.9.7'", "python_version < '0'"),
        ("python_version >= '3.6.*'", "python_full_version >= '3.6'"),
        ("python_version < '3.9rc1'", "python_version < '3.9'"),
        ("python_version == '3'", "python_version == '3.0'"),
        ("python_full_version == '3.9'", "python_full_version == '3.9.0'"),
        ("platform_system == 'Windows'", "sys_platform == 'win32'"),
        ("os_name == 'nt'", "sys_platform == 'win32'"),
        ("platform_system != 'Linux'", "sys_platform != 'linux'"),
        ("implementation_name == 'cpython'", "platform_python_implementation == 'CPython'"),
        ("implementation_name == 'pypy'", "python_implementation == 'PyPy'"),
        ("sys_platform in 'linux,darwin'", "sys_platform == 'linux' or sys_platform == 'darwin'"),
        ("sys_platform <= 'linux'", "sys_platform == 'linux'"),
        ("extra == 'Foo_bar'", "extra == 'foo-bar'"),
        ("extra in 'a, b'", "extra == 'a' or extra == 'b'"),
        ("'linux' in sys_platform and sys_platform == 'linux'", "sys_platform == 'linux'"),
        ("os_name == 'posix' and sys_platform == 'darwin'", "sys_platform == 'darwin'"),
        ("os_name == 'posix' and sys_platform != 'win32'", "os_name == 'posix'"),
        ("platform_release < '5' or platform_release >= '5'", ""),
    ],
)
def test_two_ways_to_say_one_thing_are_one_object(left: str, right: str) -> None:
    assert parse_marker(left) is parse_marker(right)


@pytest.mark.parametrize(
    "text",
    [
        "sys_platform == 'win32' and os_name == 'posix'",
        "sys_platform == 'linux' and platform_system == 'Windows'",
        "sys_platform == 'linux' and os_name == 'nt'",
        "platform_system == 'Darwin' and sys_platform == 'linux'",
        "sys_platform == 'linux' and platform_system == 'FreeBSD'",
        "implementation_name == 'pypy' and platform_python_implementation == 'CPython'",
        "platform_python_implementation == 'PyPy' and implementation_name == 'graalpy'",
        "sys_platform == 'win32' and 'linux' in sys_platform",
        "python_version < '3.9' and python_version > '3.8'",
        "python_full_version < '3.9.7' and python_version >= '3.10'",
        "sys_platform == 'linux' and sys_platform == 'darwin'",
        "sys_platform < 'z'",
        "platform_release >= '6' and platform_release < '5.10'",
    ],
)
def test_impossible_combinations_are_false(text: str) -> None:
    assert parse_marker(text).is_false


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("extra == 'a'", "extra == 'b'"),
        ("'a' in extras", "'b' in extras"),
        ("os_name == 'posix'", "platform_system == 'Java'"),
        ("platform_release == '5.10'", "platform_release == '5.10-custom'"),
        ("'3.1' in python_version", "python_version >= '3.8'"),
        ("platform_machine in 'x86_64'", "platform_machine == 'x86'"),
        ("python_full_version > '3.9.0'", "python_full_version < '3.9.1'"),
        ("sys_platform == 'cygwin'", "os_name == 'posix'"),
    ],
)
def test_what_can_both_hold_is_not_disjoint(left: str, right: str) -> None:
    assert not parse_marker(left).is_disjoint(parse_marker(right))


@pytest.mark.parametrize(
    "text",
    [
        "python_full_version < '3.11' or sys_platform != 'win32'",
        "python_full_version >= '3.8'",
        "python_version == '3.10'",
        "python_version != '3.9' and python_full_version != '3.10.2'",
        "python_full_version <= '3.11.0a6' and extra == 'toml'",
        "python_full_version > '3.9.1'",
        "python_full_version >= '3.8' and python_full_version < '3.13'",
        "(python_full_version < '3.8' or sys_platform == 'linux') and (extra == 'a' or extra == 'b')",
        "python_full_version >= '3.8' and (sys_platform == 'darwin' or sys_platform == 'linux')",
        "sys_platform != 'darwin' and sys_platform != 'win32'",
        "os_name == 'posix'",
        "'arm' not in platform_machine",
        "platform_release >= '5.10'",
        "platform_version == '#1 SMP'",
        "extra == 'a:c' and extra != 'a[b]'",
        "'a' in extras and 'b' not in dependency_groups",
        "implementation_version == '7.3.*'",
        '''platform_machine == "it's"''',
        "python_version < '0'",
        "",
    ],
)
def test_written_as_a_person_would(text: str) -> None:
    assert format_marker(parse_marker(text)) == text


def test_a_wide_or_is_not_enumerated() -> None:
    text = " or ".join(f"extra == 'e{number}'" for number in range(10, 60))
    assert format_marker(parse_marker(text)) == text


def test_many_independent_choices_do_not_multiply_out() -> None:
    text = " and ".join(f"(extra == '{number}a' or extra == '{number}b')" for number in range(10, 26))
    assert format_marker(parse_marker(text)) == text


@pytest.mark.parametrize("text", ["python_version ~= '3'", "os_name ~= '3.8'", "extra ~= 'a'", "extras == 'a'"])
def test_comparisons_without_meaning_are_refused(text: str) -> None:
    with pytest.raises(InvalidMarker) as caught:
        parse_marker(text)
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("specifier", "text"),
    [
        ("", ""),
        (">=3.8", "python_full_version >= '3.8'"),
        (">= 3.8, < 4", "python_full_version >= '3.8' and python_full_version < '4.0'"),
        (">=3.5.*", "python_full_version >= '3.5'"),
        (">=3.6,!=3.7.*", "python_full_version >= '3.6' and python_version != '3.7'"),
        ("~=3", "python_full_version >= '3.0' and python_full_version < '4.0'"),
        ("==3.9.*", "python_version == '3.9'"),
        (">=3.8,", "python_full_version >= '3.8'"),
        ("whatever", ""),
    ],
)
def test_requires_python(specifier: str, text: str) -> None:
    assert format_marker(requires_python_marker(specifier)) == text


@pytest.mark.parametrize(
    ("specifier", "text"),
    [
        ("", ""),
        (">=3.8,<4", "python_full_version >= '3.8'"),
        ("<4", ""),
        ("==3.9.*", "python_version == '3.9'"),
        ("~=3.9.0", "python_version == '3.9'"),
        ("~=3.9.2", "python_full_version >= '3.9.2' and python_full_version < '3.10'"),
        ("~=3.9", "python_full_version >= '3.9'"),
        ("==3.*", "python_full_version >= '3.0'"),
        (">=3.8,!=3.14.1", "python_full_version >= '3.8'"),
        (">=3.8,!=3.9.*,<3.13", "python_full_version >= '3.8' and python_version != '3.9'"),
        (">3.8.1", "python_full_version > '3.8.1'"),
    ],
)
def test_upper_caps_are_not_lower_bounds(specifier: str, text: str) -> None:
    assert format_marker(lower_bound_marker(specifier)) == text


@pytest.mark.parametrize(
    ("specifier", "text"),
    [
        ("", ""),
        (">=3.8", ""),
        (">=3.8,<4", ""),
        (">=3.8,<4.0.0", ""),
        ("~=3.9", ""),
        ("==3.9.*", ""),
        (">=3.8,<3.12", "python_full_version < '3.12'"),
        ("<=3.11", "python_full_version <= '3.11.0'"),
        (">=2.7,<3", "python_full_version < '3.0'"),
        (">=3.8,!=3.9.*,<3.13,<3.12", "python_full_version < '3.12'"),
    ],
)
def test_upper_caps_end_before_python_4(specifier: str, text: str) -> None:
    assert format_marker(upper_bound_marker(specifier)) == text


def test_a_release_candidate_counts_as_its_release() -> None:
    environment = {**standard_environment("linux-x86_64", "3.15.0rc1").as_dict(), "python_version": "3.15"}
    for text in ("python_full_version >= '3.15'", "python_version >= '3.15'"):
        assert evaluate(parse_marker(text), environment)
    assert not evaluate(parse_marker("python_full_version < '3.15'"), environment)


def test_an_untagged_interpreter_counts_as_its_release() -> None:
    assert evaluate(parse_marker("python_full_version == '3.13.0'"), {"python_full_version": "3.13.0+"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("platform_release >= '6.8'", True),
        ("platform_release < '6.9'", True),
        ("platform_release == '6.8.0'", False),
        ("platform_release == '6.8.0-45-generic'", True),
        ("'generic' in platform_release", True),
        ("platform_release > '10'", False),
        ("platform_version < '0'", True),
    ],
)
def test_a_kernel_stands_right_after_its_leading_number(text: str, expected: bool) -> None:
    assert evaluate(parse_marker(text), standard_environment("linux-x86_64", "3.12").as_dict()) is expected


def test_sets_of_a_lock_file() -> None:
    marker = parse_marker("'Doc_s' in extras or 'dev' in dependency_groups")
    assert evaluate(marker, {}, frozenset({"doc-s"}))
    assert evaluate(marker, {}, frozenset({":dev"}))
    assert not evaluate(marker, {}, frozenset({"dev"}))


def test_python_range() -> None:
    marker = parse_marker("(python_version >= '3.8' and python_version != '3.10' or os_name == 'nt') and extra == 'a'")
    assert python_range(marker) == (Interval(),)
    marker &= parse_marker("sys_platform == 'linux' and python_full_version <= '3.12.1'")
    assert python_range(marker) == (
        Interval(lower="3.8", upper="3.10"),
        Interval(lower="3.11", upper="3.12.1", upper_inclusive=True),
    )
    assert (python_lower_bound(marker), python_upper_bound(marker)) == ("3.8", "3.12.1")
    assert python_range(FALSE) == ()
    assert python_lower_bound(FALSE) is None
    assert python_upper_bound(TRUE) is None


@pytest.mark.parametrize(
    ("text", "assuming", "expected"),
    [
        ("python_version >= '3.8' and sys_platform == 'win32'", "python_version >= '3.10'", "sys_platform == 'win32'"),
        ("python_version >= '3.8'", "python_version >= '3.10'", ""),
        ("python_version >= '3.8'", "python_version >= '3.7'", "python_full_version >= '3.8'"),
        (
            "python_version >= '3.8' and python_version < '3.13'",
            "python_version >= '3.9'",
            "python_full_version < '3.13'",
        ),
        ("sys_platform == 'linux' and extra == 'a'", "sys_platform == 'linux'", "extra == 'a'"),
        ("python_version < '3.8'", "python_version >= '3.9'", "python_version < '0'"),
        ("os_name == 'posix'", "sys_platform == 'linux' or sys_platform == 'win32'", "sys_platform == 'linux'"),
        ("sys_platform == 'win32'", "extra == 'a'", "sys_platform == 'win32'"),
    ],
)
def test_simplify(text: str, assuming: str, expected: str) -> None:
    marker, world = parse_marker(text), parse_marker(assuming)
    short = simplify(marker, world)
    assert short & world is marker & world
    assert len(format_marker(short)) <= len(expected)


def test_extras_can_be_settled() -> None:
    marker = parse_marker("(extra == 'a' and os_name == 'nt') or (extra == 'b' and extra != 'c')")
    assert extras_in(marker) == {"a", "b", "c"}
    assert format_marker(restrict_extra(marker, frozenset({"a"}))) == "sys_platform == 'win32'"
    assert restrict_extra(marker, frozenset({"b"})) is TRUE
    assert restrict_extra(marker, frozenset({"b", "c"})) is FALSE
    assert restrict_key(marker, "b", True) is parse_marker("(extra == 'a' and os_name == 'nt') or extra != 'c'")
    assert without_extras(marker) is TRUE
    assert without_extras(extra_marker("x") & parse_marker("os_name == 'nt'")) is parse_marker("os_name == 'nt'")
    assert restrict_key(parse_marker("'dev' in dependency_groups"), ":dev", False) is FALSE


def test_hundreds_of_markers_share_their_work() -> None:
    parts = [
        parse_marker(
            f"python_version >= '3.{8 + number % 7}' and platform_machine == 'm{number}' and extra == 'e{number % 9}'"
        )
        for number in range(300)
    ]
    forward = backward = FALSE
    for part in parts:
        forward |= part
    for part in reversed(parts):
        backward |= part
    assert forward is backward
    assert all(part.implies(forward) for part in parts)
