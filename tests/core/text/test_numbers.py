"""Numbers of thousands of digits are errors of what holds them, wherever they stand."""

from __future__ import annotations

import pytest
from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion

from interlock.core.artifacts.tags import parse_wheel_filename
from interlock.core.lock.codec import decode_lock
from interlock.core.manifests.parse import parse_manifest
from interlock.core.markers.meaning import requires_python_marker
from interlock.core.markers.releases import version_key
from interlock.core.metadata.text import parse_metadata, repair_specifier
from interlock.core.requirements.parse import parse_requirement
from interlock.core.settings.variables import Variables
from interlock.core.text.numbers import has_endless_number, whole_number
from interlock.core.versions.order import in_order
from interlock.core.versions.version_list import parse_specifier, parse_version
from interlock.errors import InterlockError
from interlock.index.page_cache import validators_of
from interlock.store.wheels import parse_wheel_file

NINES = "9" * 5000
_METADATA = "Metadata-Version: 2.1\nName: a\nVersion: 1\n"


def test_versions_and_specifiers_have_readable_numbers() -> None:
    for text in (NINES, f"1.{NINES}", f"1.post{NINES}", f"{NINES}!1", f"1rc{NINES}"):
        with pytest.raises(InvalidVersion):
            parse_version(text)
        with pytest.raises(InvalidSpecifier):
            parse_specifier(f">={text}")
        assert version_key(text) is None
        assert repair_specifier(f">={text}") is None
        requires_python_marker(f">={text}")
    assert in_order([NINES, "1.0", f"2.{NINES}"])[1] == [NINES, f"2.{NINES}"]
    assert not has_endless_number("1.0+" + "1" * 40)


@pytest.mark.parametrize("text", ["²", "٣", "-1", "+1", "", " 1", "1_0", "9" * 19])
def test_a_whole_number_is_of_a_few_plain_digits(text: str) -> None:
    assert whole_number(text) is None


@pytest.mark.parametrize(
    "read",
    [
        lambda: parse_requirement(f"a>={NINES}"),
        lambda: parse_requirement(f"a[b] (>={NINES})"),
        lambda: parse_requirement(f"a; python_version >= '3.{NINES}'"),
        lambda: parse_metadata(f"{_METADATA}Requires-Dist: b>={NINES}\n".encode()),
        lambda: parse_metadata(f"{_METADATA}Requires-Python: >={NINES}\n".encode()),
        lambda: parse_metadata(_METADATA.replace("2.1", NINES).encode()),
        lambda: parse_metadata(_METADATA.replace("2.1", "²").encode()),
        lambda: parse_wheel_file(f"Wheel-Version: {NINES}\n".encode(), "a.whl"),
        lambda: parse_wheel_file("Wheel-Version: ².0\n".encode(), "a.whl"),
        lambda: parse_manifest(f"x = {NINES}".encode(), path=".", file="pyproject.toml"),
        lambda: Variables({"INTERLOCK_X": NINES}).count("X"),
        lambda: decode_lock(f'{{"format": [{NINES}, 0]}}'.encode()),
    ],
)
def test_what_holds_an_endless_number_is_refused(read: object) -> None:
    assert callable(read)
    with pytest.raises(InterlockError) as raised:
        read()
    assert len(raised.value.message) < 1000 or NINES in raised.value.message


def test_a_file_name_with_an_endless_number_is_none() -> None:
    assert parse_wheel_filename(f"a-1-{NINES}-py3-none-any.whl") is None
    found = parse_wheel_filename(f"a-1-cp{NINES}-none-any.whl")
    assert found is None or found.pythons == (f"cp{NINES}",)


@pytest.mark.parametrize(
    "header", [{"cache-control": f"max-age={NINES}"}, {"cache-control": "max-age=9", "age": NINES}]
)
def test_headers_with_endless_numbers_are_bounded(header: dict[str, str]) -> None:
    assert 0 <= validators_of(header, 0.0).max_age <= 366 * 86_400
