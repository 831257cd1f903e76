"""The one reader of URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.manifests.parse import parse_manifest
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.sources.addresses import BadAddress, address_problem, read_address
from interlock.core.sources.git_url import InvalidGitUrl, canonical_git_url, parse_git_url
from interlock.errors import InterlockError


@pytest.mark.parametrize(
    "url",
    ["http://[", "http://[/a", "http://h:99999999/", "http://h:x/", "http://a\u2100b/", "http://%zz/", "http://h\0/",
     "http://a b/", "http:///a", "http://", "https://a\\b/", "http://[::1]x/", "http://h\n/", "http://h/" + "a" * 9000],
)  # fmt: skip
def test_what_cannot_be_read_is_no_address(url: str) -> None:
    assert address_problem(url)
    with pytest.raises(InvalidRequirement):
        parse_requirement(f"a @ {url}")


@pytest.mark.parametrize(
    "url",
    ["https://index.test/simple/", "http://127.0.0.1:8080/", "http://[::1]:80/a", "https://ann:s%40w@h.test/a?b#c",
     "https://bücher.test/", "https://h_x.test/a%zz", "ssh://git@h/a", "file:///a/b"],
)  # fmt: skip
def test_what_can_be_read_is_one(url: str) -> None:
    assert not address_problem(url)


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", "git+ssh://", "file://", ""]))
def test_an_address_is_read_or_refused(rest: str, scheme: str) -> None:
    try:
        parts = read_address(scheme + rest)
        assert parts.port is None or 0 <= parts.port < 65536
    except BadAddress as error:
        assert str(error)
    for read in (parse_git_url, canonical_git_url):
        try:
            read(scheme + rest)
        except InvalidGitUrl as error:
            assert error.message


@pytest.mark.parametrize(
    "source",
    ['git = "http://["', 'git = "https://h:99999999/a"', 'git = "file:///x\\u0000"', 'path = "a\\u0000"',
     'url = "http://h\\u0000/a-1.tar.gz"', 'url = "http://[/a-1.tar.gz"', 'url = "foo://h/a-1.tar.gz"'],
)  # fmt: skip
def test_a_source_that_cannot_be_read_is_an_error_of_the_manifest(source: str) -> None:
    text = f'[project]\nname = "x"\nversion = "1"\n[tool.interlock.sources]\na = {{ {source} }}\n'
    with pytest.raises(InterlockError):
        parse_manifest(text.encode(), path=".", file="pyproject.toml")


def test_a_nul_in_a_table_of_others_is_theirs() -> None:
    text = '[project]\nname = "x"\nversion = "1"\n[other]\na = "\\u0000"\n'
    assert parse_manifest(text.encode(), path=".", file="pyproject.toml").name == "x"
