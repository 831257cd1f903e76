"""Records of the OSV format."""

from __future__ import annotations

import json

import pytest

from interlock.core.advisories.osv import InvalidAdvisory, decode_advisory
from tests.core.advisories.records import advisory, record

V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def test_what_people_read_is_taken_from_the_record() -> None:
    found = advisory(
        "GHSA-1",
        "Flask",
        "introduced 0",
        aliases=["PYSEC-1", "CVE-1", "GHSA-1"],
        details="\n## A heading\n\nMore.",
        references=[{"type": "WEB", "url": "https://a.test/"}, {"type": "ADVISORY", "url": "https://b.test/"}],
        severity=[{"type": "CVSS_V4", "score": V4}, {"type": "CVSS_V3", "score": V3}],
    )
    assert found.affected[0].name == "flask"
    assert found.aliases == ("CVE-1", "PYSEC-1")
    assert (found.summary, found.url) == ("A heading", "https://b.test/")
    assert (found.severity.rating, found.severity.score, found.severity.vector) == ("medium", 6.1, V3)


def test_the_word_of_a_database_counts_before_that_of_a_score() -> None:
    words = {"severity": "MODERATE"}
    assert advisory("X", "flask", "introduced 0", database_specific=words).severity.rating == "medium"
    both = advisory("X", "flask", "introduced 0", database_specific={"severity": "HIGH"}, severity=[{"score": V3}])
    assert (both.severity.rating, both.severity.score) == ("high", 6.1)
    four = advisory("X", "flask", "introduced 0", severity=[{"type": "CVSS_V4", "score": V4}])
    assert (four.severity.rating, four.severity.score, four.severity.vector) == ("unknown", None, V4)


def test_text_of_others_is_one_line_without_control_characters() -> None:
    found = advisory("X", "flask", "introduced 0", summary="Bad\x1b[2J thing\x07" + "x" * 500)
    assert found.summary.isprintable()
    assert len(found.summary) <= 200


def test_what_is_about_other_ecosystems_is_left_out() -> None:
    npm = json.dumps(record("X", "flask", "introduced 0", ecosystem="npm")).encode()
    assert decode_advisory(npm, file="x") is None
    suffixed = json.dumps(record("X", "flask", "introduced 0", ecosystem="PyPI:private")).encode()
    assert decode_advisory(suffixed, file="x") is not None
    assert decode_advisory(b'{"id": "X", "affected": null, "aliases": null}', file="x") is None


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"id": 3}', b'{"id": "X", "affected": [1]}', b"\xff", b"[" * 9000]
)
def test_what_is_no_record_is_an_error_that_names_the_file(data: bytes) -> None:
    with pytest.raises(InvalidAdvisory, match=r"^osv/a\.json is no advisory"):
        decode_advisory(data, file="osv/a.json")
