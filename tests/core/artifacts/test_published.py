"""Files as a page describes them; what cannot be read of one costs that file alone."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.listing import Listing, content_digest, decode_artifacts, encode_artifacts
from interlock.core.artifacts.published import utc, yank_reason
from interlock.core.names import NormalizedName
from interlock.core.sources.hashes import as_text

SHA = "ab" * 32
_HEX = st.text("0123456789abcdef", min_size=2, max_size=8)
_HASHES = st.dictionaries(st.sampled_from(["md5", "sha512", "sha1", "blake2b"]), _HEX, max_size=2)


@st.composite
def artifacts(draw: st.DrawFn) -> Artifact:
    name = f"a-{draw(st.integers(1, 40))}-py3-none-any.whl" if draw(st.booleans()) else "a-1.tar.gz"
    sha256 = draw(st.sampled_from(["", SHA]))
    offered = draw(st.sampled_from(["", "true", f"sha256={SHA}", "md5=ab"]))
    return Artifact(
        filename=name,
        sha256=sha256,
        hashes="" if sha256 else as_text(draw(_HASHES).items()),
        size=draw(st.one_of(st.none(), st.integers(0, 1 << 40))),
        upload_time=draw(st.sampled_from(["", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.25Z"])),
        location=draw(st.sampled_from(["a/b.whl", "https://files.test/b.whl"])),
        requires_python=draw(st.sampled_from(["", ">=3.9"])),
        yanked=draw(st.booleans()),
        metadata_hashes=offered,
    )


@given(st.lists(artifacts(), max_size=5, unique_by=lambda artifact: artifact.filename))
def test_what_is_written_as_a_page_is_read_as_the_same_wheels_first(found: list[Artifact]) -> None:
    ordered = sorted(found, key=lambda artifact: (not artifact.is_wheel, artifact.filename))
    assert list(decode_artifacts(encode_artifacts(found))) == ordered


def read(*entries: dict[str, object], start: str = "") -> tuple[Artifact, ...]:
    return decode_artifacts(memoryview(msgspec.json.encode(entries))[1:-1], start)


def file(**said: object) -> dict[str, object]:
    return {"filename": "a-1.tar.gz", "url": "https://h.test/a-1.tar.gz"} | {
        key.replace("_", "-"): value for key, value in said.items()
    }


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ({"sha256": SHA.upper()}, {"sha256": SHA}),
        ({"sha256": "short"}, {"sha256": "", "hashes": "sha256=short"}),
        ({"sha256": "short", "md5": "CD"}, {"sha256": "", "hashes": "md5=cd&sha256=short"}),
    ],
)
def test_a_digest_is_lower_case_and_one_that_cannot_be_right_never_will_be(
    said: dict[str, str], read_as: dict[str, str]
) -> None:
    (one,) = read(file(hashes=said))
    assert {key: getattr(one, key) for key in read_as} == read_as


@pytest.mark.parametrize("key", ["core_metadata", "dist_info_metadata"])
@pytest.mark.parametrize(
    ("said", "offered"),
    [(True, "true"), (False, ""), ({"sha256": SHA.upper()}, f"sha256={SHA}"), ({"md5": "AB"}, "md5=ab"), ({}, "true")],
)
def test_metadata_beside_a_file_is_offered_by_either_name(key: str, said: object, offered: str) -> None:
    (one,) = read(file(**{key: said}))
    assert one.metadata_hashes == offered


def test_what_cannot_be_read_of_one_file_costs_that_file_and_the_last_of_a_name_counts() -> None:
    found = read(file(size="many"), {"url": "x"}, file(size=1), file(size=2), start="https://h.test/")
    assert [(one.size, one.location) for one in found] == [(2, "a-1.tar.gz")]


def test_why_a_file_was_yanked_is_one_line() -> None:
    def reason(*yanked: object) -> str:
        return yank_reason(memoryview(msgspec.json.encode([file(yanked=one) for one in yanked]))[1:-1])

    assert reason(False, True, " ", "broken\n on  Windows") == "broken on Windows"
    assert reason(True) == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10:00:00+02:00", "2024-01-01T08:00:00Z"),
        ("2024-01-01 10:00:00", "2024-01-01T10:00:00Z"),
        ("yesterday", ""),
    ],
)
def test_a_time_is_kept_in_utc_or_not_at_all(text: str, kept: str) -> None:
    assert utc(text) == kept


def test_a_merged_listing_knows_the_index_of_each_version() -> None:
    raw = encode_artifacts([])
    one = Listing(name=NormalizedName("a"), index="x", versions=("1", "2"), files=(raw, raw), start="s")
    assert [(one.index_of(at), one.start_of(at)) for at in (0, 1)] == [("x", "s"), ("x", "s")]
    merged = msgspec.structs.replace(one, indexes=("x", "y"), starts=("s", "t"))
    assert [(merged.index_of(at), merged.start_of(at)) for at in (0, 1)] == [("x", "s"), ("y", "t")]
    assert merged.yanked_because(0) == ""
    assert merged.artifacts(1) == ()


def test_what_a_page_says_has_a_digest_as_a_whole_and_in_parts() -> None:
    one, two = (
        encode_artifacts([]),
        encode_artifacts([Artifact(filename="a-2.tar.gz", sha256=SHA, location="a-2.tar.gz")]),
    )
    page = Listing(name=NormalizedName("a"), index="x", versions=("1", "2"), files=(one, two), start="s")
    said = content_digest(("1", "2"), (one, two), ("s",))
    kept = msgspec.structs.replace(page, digest=said)
    assert kept.digest_of([0, 1]) == page.digest_of([0, 1]) == said
    part = content_digest(("2",), (two,), ("s",))
    assert kept.digest_of([1]) == page.digest_of([1]) == part != said
    merged = msgspec.structs.replace(page, indexes=("x", "y"), starts=("s", "t"))
    assert merged.digest_of([1]) == content_digest(("2",), (two,), ("t",)) != part
