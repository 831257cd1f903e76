"""METADATA and PKG-INFO as people have really written them."""

from __future__ import annotations

import pytest

from interlock.core.metadata.text import InvalidMetadata, parse_metadata, repair_specifier, static_sdist_metadata
from interlock.core.requirements.parse import parse_requirement

__all__: list[str] = []


def text(*lines: str, version: str = "2.1") -> bytes:
    return "\n".join([f"Metadata-Version: {version}", "Name: Demo.Pkg", "Version: 1.0", *lines, ""]).encode()


def test_only_the_header_is_read() -> None:
    found = parse_metadata(
        text(
            "Summary: Requires-Dist: not-this",
            "Requires-Python: >=3.8",
            "Requires-Dist: b>=2 ;",
            "  python_version < '3.9'",
            "Provides-Extra: Test_Extra",
            "requires-dist: c",
            "Dynamic: Description",
            "",
            "Requires-Dist: neither-this",
        )
    )
    assert found.name == "demo-pkg"
    assert found.version == "1.0"
    assert found.requires_python == ">=3.8"
    assert found.requires == (parse_requirement("b>=2 ; python_version < '3.9'"), parse_requirement("c"))
    assert found.extras == ("test-extra",)
    assert found.dynamic == ("description",)
    assert found.metadata_version == "2.1"


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    data = b"\xef\xbb\xbf" + text("Requires-Dist: b", "", "Requires-Dist: c").replace(b"\n", b"\r\n")
    assert [requirement.name for requirement in parse_metadata(data).requires] == ["b"]


def test_a_folded_description_in_the_header_hides_nothing() -> None:
    found = parse_metadata(text("Description: first", "        |Requires-Dist: no", "\u2028x: y", "Requires-Dist: b"))
    assert [requirement.name for requirement in found.requires] == ["b"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a>=3.5.*", "a>=3.5"),
        ("a (>=1.0<2.0)", "a>=1.0,<2.0"),
        ("a (>=1.0)", "a>=1.0"),
        ("a>=1.0,", "a>=1.0"),
        ("a ==1.x", "a==1.*"),
        ("a=>1.0", "a>=1.0"),
        ("a=1.0", "a==1.0"),
        ("a >= '1.0'", "a>=1.0"),
        ("a!=3.0*", "a!=3.0.*"),
        ("a~=5.0.*", "a~=5.0.0"),
        ("a>=2.", "a>=2"),
        ("a>=1,,<2; python_version<'3'", "a>=1,<2; python_version<'3'"),
        ("a[x]>=1.x ;", "a[x]>=1"),
        ("a>=1.0 <2 ; extra == 'b'", "a>=1.0,<2; extra == 'b'"),
        ("a<2.x,>=1.5.*", "a<2,>=1.5"),
        ("a >=2.7, !=3.0.*, !=3.1.*", "a>=2.7,!=3.0.*,!=3.1.*"),
    ],
)
def test_usual_typos_are_repaired(written: str, meant: str) -> None:
    assert parse_metadata(text(f"Requires-Dist: {written}")).requires == (parse_requirement(meant),)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (">=3.5.*", ">=3.5"),
        (">=2.7, !=3.0.*, <4", ">=2.7, !=3.0.*, <4"),
        ("==2.7.*,>=3.4.*", "==2.7.*,>=3.4"),
        ("", ""),
        ("three", None),
        ("3.6", None),
    ],
)
def test_requires_python_is_repaired_or_refused(written: str, meant: str | None) -> None:
    assert repair_specifier(written) == meant
    if meant is None:
        with pytest.raises(InvalidMetadata, match="Requires-Python"):
            parse_metadata(text(f"Requires-Python: {written}"))
    else:
        assert parse_metadata(text(f"Requires-Python: {written}")).requires_python == meant


@pytest.mark.parametrize("written", ["a>=", "a ?", ">=1", "a @", "a; what > 3", "a>=one"])
def test_what_has_no_plain_meaning_is_an_error(written: str) -> None:
    with pytest.raises(InvalidMetadata, match=r"Demo\.Pkg 1\.0"):
        parse_metadata(text(f"Requires-Dist: {written}"))


def test_a_newer_minor_format_is_read_and_a_newer_major_is_not() -> None:
    assert parse_metadata(text("Import-Name: demo", version="2.99")).metadata_version == "2.99"
    with pytest.raises(InvalidMetadata, match=r"version 3\.0"):
        parse_metadata(text(version="3.0"))
    with pytest.raises(InvalidMetadata, match="unreadable format"):
        parse_metadata(text(version="new"))


@pytest.mark.parametrize(
    "data", [b"", b"\n\nName: a\nVersion: 1\n", b"Name: a", b"Name: UNKNOWN\nVersion: 1", b"Name: a b\nVersion: 1"]
)
def test_metadata_without_a_name_and_a_version_is_none(data: bytes) -> None:
    with pytest.raises(InvalidMetadata, match="no package and version"):
        parse_metadata(data)


@pytest.mark.parametrize(
    ("version", "dynamic", "trusted"),
    [
        ("2.1", (), False),
        ("1.2", (), False),
        ("2.2", (), True),
        ("2.10", (), True),
        ("2.2", ("Description", "License-File"), True),
        ("2.2", ("Requires-Dist",), False),
        ("2.2", ("requires-python",), False),
        ("2.4", ("Provides-Extra",), False),
        ("2.6", ("Requires-Dist",), False),
    ],
)
def test_an_sdist_is_trusted_only_where_it_promises(version: str, dynamic: tuple[str, ...], trusted: bool) -> None:
    data = text(*(f"Dynamic: {field}" for field in dynamic), "Requires-Dist: b", version=version)
    found = static_sdist_metadata(data)
    assert (found is not None) is trusted
    if found is not None:
        assert [requirement.name for requirement in found.requires] == ["b"]
