from __future__ import annotations

import pytest

from interlock.core.manifests.manifest import SourceRule
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import InvalidManifest
from interlock.core.names import NormalizedName
from interlock.core.sources.direct_references import parse_url_source
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url

X = NormalizedName("x")


def rules(text: str, path: str = "packages/a") -> tuple[SourceRule, ...]:
    document = f'[project]\nname = "a"\nversion = "1"\n[tool.uv.sources]\nx = {text}\n'
    return parse_manifest(document.encode(), path=path, file="pyproject.toml").sources[X]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("{workspace = true}", Member(X)),
        ("{path = '../b'}", Directory(path="packages/b")),
        ("{path = './b/', editable = true}", Directory(path="packages/a/b", editable=True)),
        ("{path = '../../../out'}", Directory(path="../out")),
        ("{path = 'd/x-1-py3-none-any.whl'}", File(path="packages/a/d/x-1-py3-none-any.whl")),
        ("{path = 'x-1.tar.gz'}", File(path="packages/a/x-1.tar.gz")),
        ("{git = 'https://u:p@h.test/x'}", Git(url="https://h.test/x")),
        ("{git = 'git+https://h.test/x', branch = 'm'}", Git(url="https://h.test/x", reference="branch:m")),
        ("{git = 'ssh://git@h.test/x', tag = 'v1'}", Git(url="ssh://git@h.test/x", reference="tag:v1")),
        ("{git = 'git@h.test:o/x.git', rev = 'abc'}", Git(url="ssh://git@h.test/o/x.git", reference="rev:abc")),
        ("{git = '../repo', subdirectory = 'p/q/'}", Git(url="packages/repo", subdirectory="p/q")),
        ("{url = 'https://h.test/x.zip', subdirectory = 's'}", Url(url="https://h.test/x.zip", subdirectory="s")),
        ("{index = 'torch'}", Registry("torch")),
    ],
)
def test_one_source(text: str, source: Source) -> None:
    assert [rule.source for rule in rules(text)] == [source]


def test_several_sources_split_by_marker_extra_and_group() -> None:
    found = rules(
        "[{index = 'cpu', marker = \"sys_platform == 'linux'\"}, {index = 'gpu', extra = 'G_x'},"
        " {path = 'b', group = 'Dev'}]"
    )
    assert [(rule.marker, rule.extra, rule.group) for rule in found] == [
        ('sys_platform == "linux"', None, None),
        ("", "g-x", None),
        ("", None, "dev"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{worspace = true}",
        "{workspace = true, path = 'x'}",
        "{workspace = 3}",
        "{workspace = true, branch = 'x'}",
        "{git = 'https://h.test/x', branch = 'a', tag = 'b'}",
        "{git = 'https://h.test/x', subdirectory = '../y'}",
        "{url = 'nonsense'}",
        "{path = 'https://h.test/x'}",
        "{path = 'x', marker = 'nonsense'}",
        "{index = 'a', extra = 'x', group = 'y'}",
        "[{index = 'a'}, {index = 'b', extra = 'x'}]",
        "'x'",
    ],
)
def test_bad_sources_are_problems_with_a_line(text: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        rules(text)
    assert caught.value.problems[0].line == 5


def test_a_misspelt_source_gets_a_suggestion() -> None:
    with pytest.raises(InvalidManifest, match="Did you mean `workspace`"):
        rules("{worspace = true}")


@pytest.mark.parametrize(
    ("url", "source"),
    [
        (
            "git+https://u:p@h.test/o/x.git@v1#subdirectory=s",
            Git(url="https://h.test/o/x.git", reference="rev:v1", subdirectory="s"),
        ),
        ("git+ssh://git@h.test/o/x", Git(url="ssh://git@h.test/o/x")),
        ("https://h.test/x-1.whl#sha256=abc", Url(url="https://h.test/x-1.whl", hashes="sha256=abc")),
        ("file:///abs/x-1.whl", File(path="/abs/x-1.whl")),
        ("file:../b", Directory(path="packages/b")),
        ("file://${PROJECT_ROOT}/c%20d", Directory(path="packages/a/c d")),
        ("file:///${PROJECT_ROOT}/c", Directory(path="packages/a/c")),
        ("./dir", Directory(path="packages/a/dir")),
    ],
)
def test_direct_references(url: str, source: Source) -> None:
    assert parse_url_source(url, "packages/a") == source
