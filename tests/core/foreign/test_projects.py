"""Lists of requirements and Pipfiles as manifests that mean the same."""

from __future__ import annotations

import pytest

from interlock.core.foreign.projects import (
    ForeignProject,
    UnreadableProject,
    format_project,
    from_pipfile,
    from_requirements,
)
from interlock.core.manifests.parse import parse_manifest


def test_the_name_of_a_list_is_the_name_of_its_group() -> None:
    texts = {
        "requirements.txt": "a>=1\n",
        "requirements-dev.txt": "b\n-e .\n",
        "more/docs_requirements.in": "c[x] ; os_name == 'nt'\n",
        "test.txt": "",
    }
    found = from_requirements(texts)
    assert found.groups == {"main": ("a>=1",), "dev": ("b",), "docs": ('c[x] ; os_name == "nt"',)}
    assert found.sources == {}


def test_repositories_and_archives_become_direct_references_and_paths_sources() -> None:
    lines = [
        "git+https://h.test/one.git@v1#egg=one&subdirectory=sub",
        "two @ git+https://h.test/two.git",
        "three @ https://h.test/three-1.0.zip",
        "-e four @ ./four",
        "./five-1.0-py3-none-any.whl",
    ]
    found = from_requirements({"requirements.txt": "\n".join(lines)})
    assert found.groups["main"] == (
        "one @ git+https://h.test/one.git@v1#subdirectory=sub",
        "two @ git+https://h.test/two.git",
        "three @ https://h.test/three-1.0.zip",
        "four",
        "five",
    )
    assert found.sources == {
        "four": {"path": "./four", "editable": True},
        "five": {"path": "./five-1.0-py3-none-any.whl"},
    }


def test_a_line_that_does_not_say_which_package_it_is_is_refused() -> None:
    with pytest.raises(UnreadableProject, match="does not say which package") as caught:
        from_requirements({"r.txt": "git+https://h.test/one\n"})
    assert caught.value.hint == "Write its name in front: `NAME @ git+https://h.test/one`."


PIPFILE = """
[[source]]
name = "pypi"
url = "https://public.test/simple"
[[source]]
name = "own"
url = "https://own.test/simple"
[[source]]
name = "nowhere"

[packages]
any = "*"
"Some.Name" = "~=1.2"
full = { version = ">=1", extras = ["x", "y"], markers = "os_name == 'nt' or os_name == 'x'", sys_platform = "== 'a'" }
repo = { git = "https://h.test/repo.git", ref = "v1", subdirectory = "sub" }
bare = { git = "https://h.test/bare.git" }
tree = { path = "./tree", editable = true }
stiff = { path = "./stiff" }
remote = { file = "https://h.test/remote-1.0.zip" }
local = { file = "./local-1.0.zip" }
private = { version = "*", index = "own" }
public = { version = "*", index = "pypi" }

[dev-packages]
tests = "==3"

[docs]
words = "*"

[requires]
python_version = "3.11"

[scripts]
run = "python x.py"
"""


def test_a_pipfile_is_read_whole() -> None:
    found = from_pipfile(PIPFILE)
    assert found.requires_python == ">=3.11"
    assert found.groups["main"][:3] == (
        "any",
        "Some.Name~=1.2",
        "full[x,y]>=1 ; (os_name == 'nt' or os_name == 'x') and sys_platform == 'a'",
    )
    assert {group: len(texts) for group, texts in found.groups.items()} == {"main": 11, "dev": 1, "docs": 1}
    assert found.sources == {
        "repo": {"git": "https://h.test/repo.git", "rev": "v1", "subdirectory": "sub"},
        "bare": {"git": "https://h.test/bare.git"},
        "tree": {"path": "./tree", "editable": True},
        "stiff": {"path": "./stiff"},
        "remote": {"url": "https://h.test/remote-1.0.zip"},
        "local": {"path": "./local-1.0.zip"},
        "private": {"index": "own"},
    }
    assert found.indexes == (("own", "https://own.test/simple"),)


@pytest.mark.parametrize(
    "text",
    ["= 1", "a = " + "[" * 20_000, "requires = 1", "[requires]\npython_version = 3", "source = 1", "source = [1]",
     "[packages]\n'-' = '*'", "[packages]\na = 1", "[packages]\na = {}", "[packages]\na = { extras = 'x' }",
     "[packages]\na = { extras = [1] }", "[packages]\na = { git = 1 }"],
)  # fmt: skip
def test_what_is_no_pipfile_is_told(text: str) -> None:
    with pytest.raises(UnreadableProject, match="Pipfile"):
        from_pipfile(text)


@pytest.mark.parametrize(
    "project", [from_pipfile(PIPFILE), from_pipfile(""), from_requirements({"requirements.txt": "a"})]
)
def test_the_manifest_says_what_the_project_said(project: ForeignProject) -> None:
    text = format_project(project, "My_App", ">=3.12")
    manifest = parse_manifest(text.encode(), path=".", file="pyproject.toml")
    assert (manifest.name, manifest.version) == ("my-app", "0.1.0")
    assert manifest.requires_python == (project.requires_python or ">=3.12")
    assert len(manifest.dependencies) == len(project.groups.get("main", ()))
    assert set(manifest.groups) == set(project.groups) - {"main"}
    assert set(manifest.sources) == set(project.sources)
    assert tuple((index.name, index.url) for index in manifest.settings.indexes) == project.indexes
    assert "requires-python" not in format_project(ForeignProject(), "x", "")
