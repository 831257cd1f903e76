"""Requirements changed in metadata and manifests: only they, and as the readers of these files see it."""

from __future__ import annotations

import tomllib
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.metadata.edit import (
    edit_manifest,
    edit_metadata,
    edit_requires_txt,
    outdated,
    without_local_sources,
)
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.bounds import POLICIES, Edge, bounds
from interlock.core.requirements.parse import parse_requirement

LIB, CORE = normalize_name("lib"), normalize_name("core")
EDGES: dict[NormalizedName, Edge] = {LIB: Edge(specifier="<3,>=2.1"), CORE: Edge(specifier="==1.0", forced=True)}

METADATA = b"""\
Metadata-Version: 2.4
Name: app
Requires-Dist: Lib
Requires-Dist: core>=0.5 ; extra == "fast"
requires-dist: lib[x]
Requires-Dist: other>=1
Requires-Dist: not a requirement at all!
Provides-Extra: fast

Requires-Dist: lib
This is the description, and it names lib.
"""


def test_only_the_fields_that_have_to_change_do() -> None:
    assert edit_metadata(METADATA, EDGES) == METADATA.replace(
        b"Requires-Dist: Lib\n", b"Requires-Dist: lib<3,>=2.1\n", 1
    ).replace(b"core>=0.5 ; extra", b"core==1.0 ; extra").replace(
        b"requires-dist: lib[x]\n", b"requires-dist: lib[x]<3,>=2.1\n"
    )


def test_nothing_to_change_changes_no_byte() -> None:
    assert edit_metadata(METADATA, {}) == METADATA
    assert edit_metadata(METADATA, {normalize_name("absent"): Edge(specifier="==1")}) == METADATA
    assert edit_metadata(b"Name: app", EDGES) == b"Name: app"


def test_carriage_returns_stay() -> None:
    data = METADATA.replace(b"\n", b"\r\n")
    assert edit_metadata(data, EDGES) == edit_metadata(METADATA, EDGES).replace(b"\n", b"\r\n")


def test_a_folded_field_is_one_requirement() -> None:
    """Old setuptools fold long fields; RFC 822 continues a field on lines that begin with white space."""
    data = b"Name: app\nRequires-Dist: lib\n ; python_version\n\t< '3.12'\nSummary: a\n  b\n\ntext"
    changed = edit_metadata(data, EDGES)
    message = BytesParser().parsebytes(changed)
    assert message.get_all("Requires-Dist") == ['lib<3,>=2.1 ; python_version < "3.12"']
    assert message["Summary"] == "a\n  b"
    assert message.get_payload() == "text"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("lib", "lib<3,>=2.1"),
        ("lib>=1", "lib>=1"),
        ("core>=0.1", "core==1.0"),
        ("core", "core==1.0"),
        ("lib @ file:///home/me/lib", "lib<3,>=2.1"),
        ("lib @ https://files.test/lib-1.whl", "lib @ https://files.test/lib-1.whl"),
        ("core==1.0", "core==1.0"),
    ],
)
def test_when_a_requirement_changes(text: str, changed: str) -> None:
    """A bare name and a path of this machine get the range; one's own range only where it is forced."""
    assert edit_metadata(f"Requires-Dist: {text}\n\n".encode(), EDGES) == f"Requires-Dist: {changed}\n\n".encode()
    assert outdated([parse_requirement(text)], EDGES) == (changed != text)


def test_the_list_of_an_egg() -> None:
    text = "lib\n\n[fast]\ncore>=0.1\n\n[lib:python_version < '3']\nother\nlib>=1\n"
    assert edit_requires_txt(text.encode(), EDGES).decode() == text.replace(
        "lib\n\n[fast]", "lib<3,>=2.1\n\n[fast]"
    ).replace("core>=0.1", "core==1.0")


def test_a_standard_manifest() -> None:
    text = (
        '[project]\nname = "app"  # us\ndependencies = ["lib", "other"]\n'
        + '[project.optional-dependencies]\nfast = ["core>=0.1"]\nnone = ["other"]\n'
        + '[dependency-groups]\ndev = ["lib"]\n'
    )
    changed = edit_manifest(text.encode(), EDGES).decode()
    assert changed == text.replace(
        'dependencies = ["lib", "other"]', 'dependencies = ["lib<3,>=2.1", "other"]', 1
    ).replace("core>=0.1", "core==1.0")
    # Groups are never in what is published.
    assert tomllib.loads(changed)["dependency-groups"] == {"dev": ["lib"]}


def test_a_manifest_that_lists_nothing_readable_stays() -> None:
    for text in ("[project]\nname = 'a'\n", "[project]\ndependencies = [1]\n", "[project]\ndependencies = 'lib'\n"):
        assert edit_manifest(text.encode(), EDGES) == text.encode()


def _poetry(lines: str) -> dict[str, object]:
    text = f'[tool.poetry]\nname = "app"\n[tool.poetry.dependencies]\npython = "^3.11"\n{lines}'
    found: dict[str, object] = tomllib.loads(edit_manifest(text.encode(), EDGES).decode())["tool"]["poetry"][
        "dependencies"
    ]
    assert found.pop("python") == "^3.11"
    return found


def test_poetrys_table() -> None:
    assert _poetry('Lib = "*"\n') == {"Lib": "<3,>=2.1"}
    assert _poetry('lib = "^1"\n') == {"lib": "^1"}
    assert _poetry('core = "^0.1"\n') == {"core": "==1.0"}
    assert _poetry('lib = { path = "../lib", develop = true, extras = ["x"] }\n') == {
        "lib": {"version": "<3,>=2.1", "extras": ["x"]}
    }
    assert _poetry('lib = { version = "*", optional = true }\n') == {"lib": {"version": "<3,>=2.1", "optional": True}}
    assert _poetry('lib = { version = "^1", optional = true }\n') == {"lib": {"version": "^1", "optional": True}}
    # Where it was chosen to come from elsewhere, it comes from there.
    assert _poetry('lib = { git = "https://git.test/lib.git" }\n') == {"lib": {"git": "https://git.test/lib.git"}}
    assert _poetry('core = { url = "https://files.test/core.whl" }\n') == {
        "core": {"url": "https://files.test/core.whl"}
    }
    # A dependency with a table of its own.
    assert _poetry('[tool.poetry.dependencies.lib]\npath = "../lib"\ndevelop = true\n') == {
        "lib": {"version": "<3,>=2.1"}
    }


_REQUIREMENTS = st.builds(
    lambda name, extras, specifier, marker: f"{name}{extras}{specifier}{marker}",
    st.sampled_from(["lib", "Core", "other", "li_b"]),
    st.sampled_from(["", "[a]"]),
    st.sampled_from(["", ">=1", "==1.*"]),
    st.sampled_from(["", " ; python_version < '3.12'", ' ; extra == "x"']),
)


@given(st.lists(_REQUIREMENTS, max_size=5), st.sampled_from(POLICIES), st.booleans())
def test_the_new_range_is_what_readers_see_and_editing_twice_changes_nothing(
    texts: list[str], policy: str, forced: bool
) -> None:
    edges = {LIB: Edge(specifier=bounds(policy, "1.4.2"), forced=forced)}
    data = "".join(["Name: app\n", *(f"Requires-Dist: {text}\n" for text in texts), "\nRequires-Dist: lib\n"]).encode()
    changed = edit_metadata(data, edges)
    message = BytesParser().parsebytes(changed)
    after = [parse_requirement(text) for text in message.get_all("Requires-Dist", [])]
    before = [parse_requirement(text) for text in texts]
    assert [(item.name, item.extras, item.marker) for item in after] == [
        (item.name, item.extras, item.marker) for item in before
    ]
    for old, new in zip(before, after, strict=True):
        free = old.name == LIB and (forced or not old.specifier)
        assert new.specifier == (edges[LIB].specifier if free else old.specifier)
    assert message.get_payload() == "Requires-Dist: lib\n"
    assert edit_metadata(changed, edges) == changed


def test_sources_that_lead_to_members_and_paths_are_left_out() -> None:
    data = b"""\
[project]
name = "app"

[tool.uv.sources]  # where things are
core = { workspace = true }
kept = { git = "https://git.test/kept" }

[tool.interlock.sources.lib]
path = "../lib"

[tool.interlock]
env = "member"
"""
    changed = without_local_sources(data)
    assert tomllib.loads(changed.decode())["tool"] == {
        "uv": {"sources": {"kept": {"git": "https://git.test/kept"}}},
        "interlock": {"env": "member"},
    }
    assert changed.startswith(data[: data.index(b"core")])
    assert without_local_sources(changed) == changed
