"""What people type after ``add``, in all the ways that pip, Poetry and uv taught them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from interlock.core.editing.requirement_wishes import (
    BadRequirement,
    Wish,
    bounded,
    name_of_archive,
    parse_requirements_file,
    parse_wish,
)
from interlock.core.requirements.parse import parse_requirement
from interlock.core.settings.choices import BOUNDS, Bounds


def wish(text: str) -> tuple[str, tuple[str, ...], str, str, dict[str, str]]:
    found = parse_wish(text)
    assert found.typed == text.strip()
    return found.name, found.extras, found.specifier, found.marker, found.source


@pytest.mark.parametrize(
    ("text", "name", "extras", "specifier"),
    [
        ("Rich", "Rich", (), ""),
        ("  rich  ", "rich", (), ""),
        ("httpx>=0.28,<1", "httpx", (), ">=0.28,<1"),
        ("httpx[socks, HTTP2]>=0.28", "httpx", ("http2", "socks"), ">=0.28"),
        ("httpx==0.28.*", "httpx", (), "==0.28.*"),
        # Poetry's ways.
        ("httpx@^0.28", "httpx", (), ">=0.28,<0.29"),
        ("httpx^0.28", "httpx", (), ">=0.28,<0.29"),
        ("httpx@~1.2", "httpx", (), ">=1.2,<1.3"),
        ("httpx~1.2", "httpx", (), ">=1.2,<1.3"),
        ("httpx@1.2", "httpx", (), "==1.2"),
        ("httpx=1.2", "httpx", (), "==1.2"),
        ("httpx@*", "httpx", (), ""),
        ("httpx[socks]@^1", "httpx", ("socks",), ">=1,<2"),
        ("httpx@>=1,<2", "httpx", (), ">=1,<2"),
        ("httpx~=1.2", "httpx", (), "~=1.2"),
    ],
)
def test_names_and_versions(text: str, name: str, extras: tuple[str, ...], specifier: str) -> None:
    assert wish(text) == (name, extras, specifier, "", {})


def test_a_marker_belongs_to_any_of_them() -> None:
    assert wish("rich ; python_version < '3.12'")[3] == 'python_version < "3.12"'
    assert wish("rich@^1 ; os_name == 'nt'")[2:4] == (">=1,<2", 'os_name == "nt"')


def test_the_latest_forgets_what_is_known() -> None:
    found = parse_wish("rich[jupyter]@latest")
    assert (found.latest, found.extras, found.is_bare) == (True, ("jupyter",), False)
    assert parse_wish("rich@LATEST").latest
    assert parse_wish("rich").is_bare
    assert parse_wish("Rich_Text").normalized == "rich-text"


@pytest.mark.parametrize(
    ("text", "name", "source"),
    [
        ("git+https://git.test/a/b.git", "", {"git": "https://git.test/a/b.git"}),
        ("git+https://git.test/a/b.git@v1.0", "", {"git": "https://git.test/a/b.git", "rev": "v1.0"}),
        (
            "git+https://git.test/a/b@feature/x#subdirectory=py&egg=b",
            "b",
            {"git": "https://git.test/a/b@feature/x", "subdirectory": "py"},
        ),
        ("git+https://git.test/a/b.git#main", "", {"git": "https://git.test/a/b.git", "rev": "main"}),
        ("git+ssh://git@git.test/a/b.git", "", {"git": "ssh://git@git.test/a/b.git"}),
        ("git+ssh://git@git.test/a/b.git@v1", "", {"git": "ssh://git@git.test/a/b.git", "rev": "v1"}),
        ("git@git.test:a/b.git", "", {"git": "git@git.test:a/b.git"}),
        ("git@git.test:a/b.git@v1", "", {"git": "git@git.test:a/b.git", "rev": "v1"}),
        ("https://git.test/a/b.git", "", {"git": "https://git.test/a/b.git"}),
        (
            "https://files.test/my_pkg-1.0-py3-none-any.whl",
            "my_pkg",
            {"url": "https://files.test/my_pkg-1.0-py3-none-any.whl"},
        ),
        (
            "https://files.test/a.zip#egg=thing&subdirectory=sub",
            "thing",
            {"url": "https://files.test/a.zip", "subdirectory": "sub"},
        ),
        ("file:///srv/a-1.0.tar.gz", "a", {"url": "file:///srv/a-1.0.tar.gz"}),
        ("./lib", "", {"path": "./lib"}),
        ("../lib[fast]", "", {"path": "../lib"}),
        ("/srv/lib", "", {"path": "/srv/lib"}),
        ("~/lib", "", {"path": "~/lib"}),
        (r"lib\inner", "", {"path": r"lib\inner"}),
        ("dist/my_pkg-1.0.tar.gz", "my_pkg", {"path": "dist/my_pkg-1.0.tar.gz"}),
        ("my-pkg-1.0.zip", "my-pkg", {"path": "my-pkg-1.0.zip"}),
        ("lib @ git+https://git.test/lib.git@v2", "lib", {"git": "https://git.test/lib.git", "rev": "v2"}),
        ("lib@git+https://git.test/lib.git", "lib", {"git": "https://git.test/lib.git"}),
        ("lib @ https://files.test/lib-1.0.whl", "lib", {"url": "https://files.test/lib-1.0.whl"}),
        ("lib @ ./lib", "lib", {"path": "./lib"}),
    ],
)
def test_places(text: str, name: str, source: dict[str, str]) -> None:
    found = parse_wish(text)
    assert (found.name, found.source, found.specifier) == (name, source, "")
    assert not found.is_bare


def test_a_place_may_have_extras_and_markers() -> None:
    assert parse_wish("../lib[fast,Safe_one]").extras == ("fast", "safe-one")
    assert parse_wish("https://files.test/a-1.0.zip ; os_name == 'nt'").marker == "os_name == 'nt'"
    assert parse_wish("git+https://git.test/a.git ; os_name == 'nt'").marker == "os_name == 'nt'"


@pytest.mark.parametrize("text", ["", "  ", "!", "rich==", "rich@^x", "rich=what", "a b", "rich[", "-r", "rich>=1,,=2"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadRequirement) as caught:
        parse_wish(text)
    assert caught.value.exit_code == 2
    assert not caught.value.message.endswith("..")


def test_a_marker_that_cannot_be_read_is_refused_too() -> None:
    with pytest.raises(BadRequirement):
        parse_wish("rich ; python is good")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("my_pkg-1.0-cp312-cp312-win_amd64.whl", "my_pkg"),
        (r"C:\dist\my_pkg-1.0.tar.gz", "my_pkg"),
        ("a%2Bb/my-pkg-1.0.tgz", "my-pkg"),
        ("src/", ""),
        ("archive.zip", ""),
        ("-1.0.zip", ""),
    ],
)
def test_names_of_archives(path: str, name: str) -> None:
    assert name_of_archive(path) == name


REQUIREMENTS = """\
# what we run
-r base.txt
--requirement=more.txt
-c constraints.txt
--constraint limits.txt
--index-url https://index.test/simple/
--hash=sha256:00
Flask==3.0 \\
    --hash=sha256:aa \\
    --hash sha256:bb  # pinned
rich>=13 # colours
click ; os_name == 'nt'
-e ./lib[fast]
--editable git+https://git.test/x.git#egg=x

https://files.test/a-1.0.zip#egg=a
"""


def test_a_list_of_requirements() -> None:
    wishes, included = parse_requirements_file(REQUIREMENTS)
    assert [(item.name, item.specifier, item.marker, item.editable) for item in wishes] == [
        ("Flask", "==3.0", "", False),
        ("rich", ">=13", "", False),
        ("click", "", 'os_name == "nt"', False),
        ("", "", "", True),
        ("x", "", "", True),
        ("a", "", "", False),
    ]
    assert wishes[3].source == {"path": "./lib"}
    assert wishes[3].extras == ("fast",)
    assert wishes[5].source == {"url": "https://files.test/a-1.0.zip"}
    assert included == ["-r base.txt", "-r more.txt", "-c constraints.txt", "-c limits.txt"]
    assert parse_requirements_file(REQUIREMENTS.replace("\n", "\r\n")) == (wishes, included)


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("a @ https://files.test/a.zip --hash=sha256:aa", "https://files.test/a.zip#sha256=aa"),
        ("https://files.test/a-1.zip --hash sha512:bb", "https://files.test/a-1.zip#sha512=bb"),
        ("a @ https://files.test/a.zip#sha256=cc --hash=sha256:aa", "https://files.test/a.zip#sha256=cc"),
        ("a @ https://files.test/a.zip --hash=sha256:aa --hash=sha256:bb", "https://files.test/a.zip"),
    ],
)
def test_a_url_keeps_the_hash_that_stands_beside_it(line: str, url: str) -> None:
    ((wish,), _) = parse_requirements_file(line)
    assert wish.source["url"] == url


def test_ranges_for_what_was_resolved() -> None:
    assert bounded("lower", ["2.0", "1.5"]) == ">=1.5"
    assert bounded("exact", ["2.0", "1.5"]) == ">=1.5"
    assert bounded("exact", ["2.0+local"]) == "==2.0"
    assert bounded("major", ["2.0", "1.5"]) == ">=1.5,<3.0"
    assert bounded("minor", ["1!2.3.4"]) == ">=1!2.3.4,<1!2.4.0"
    assert bounded("major", ["7"]) == ">=7,<8"
    assert bounded("lower", []) == ""
    assert bounded("lower", ["main"]) == ""


_VERSIONS = st.builds(
    lambda epoch, release, suffix: f"{epoch}{'.'.join(map(str, release))}{suffix}",
    st.sampled_from(["", "1!"]),
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    st.sampled_from(["", "rc1", ".post2", "+cpu"]),
)


@given(st.lists(_VERSIONS, min_size=1, max_size=3), st.sampled_from(BOUNDS))
def test_the_range_admits_what_was_resolved(versions: list[str], kind: Bounds) -> None:
    specifier = SpecifierSet(bounded(kind, versions))
    for version in versions:
        assert specifier.contains(version, prereleases=True), (specifier, version)
    if kind in {"major", "minor"} and max(map(Version, versions)).epoch == 0:
        assert not specifier.contains("9999", prereleases=True)


_NAMES = st.sampled_from(["a", "My.Pkg", "x_y"])
_SPECIFIERS = st.sampled_from(["", ">=1", "==1.*", "~=1.4", ">=1,<2", "===1.0"])
_MARKERS = st.sampled_from(["", " ; os_name == 'nt'", " ; python_version < '3.12' and os_name != 'nt'"])


@given(_NAMES, st.sampled_from(["", "[x]", "[y,X]"]), _SPECIFIERS, _MARKERS)
def test_standard_requirements_are_read_as_the_standard_says(
    name: str, extras: str, specifier: str, marker: str
) -> None:
    text = f"{name}{extras}{specifier}{marker}"
    standard = parse_requirement(text)
    found: Wish = parse_wish(text)
    assert (found.normalized, found.extras, found.marker) == (standard.name, standard.extras, standard.marker)
    assert sorted(found.specifier.split(",")) == standard.specifier.split(",")
