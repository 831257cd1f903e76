"""Projects of other tools in the standard form, with the versions they had."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.lock.codec import decode_lock
from interlock.core.manifests.parse import parse_manifest
from tests.cli.conftest import Run
from tests.index_server import IndexServer
from tests.registry import registry
from tests.wheels import make_sdist, make_wheel

POETRY = """\
# what this is
[tool.poetry]
name = "My-App"
version = "1.0"
description = "Sells things"
authors = ["Ann Other <ann@example.test>", "Bob"]
license = "MIT"
homepage = "https://app.test/"
packages = [{ include = "app" }]

[tool.poetry.dependencies]
python = "^3.11"
# the web
Flask = "^3.0"  # not 4 yet
jinja = { version = "*", optional = true }

[tool.poetry.extras]
templates = ["jinja"]

[tool.poetry.group.docs]
optional = true

[tool.poetry.group.docs.dependencies]
click = "~8.0"

[tool.poetry.scripts]
app = "app:main"

[[tool.poetry.source]]
name = "inner"
url = "https://inner.test/simple/"
priority = "explicit"

# how it is built
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""

LOCK = """\
[[package]]
name = "flask"
version = "3.0"

[[package]]
name = "jinja"
version = "3.0"

[[package]]
name = "safe"
version = "2.0"

[[package]]
name = "click"
version = "8.0"
"""


@pytest.fixture
def project(tmp_path: Path, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch) -> Path:
    server = index(
        registry(
            flask={"3.0": ["jinja>=3"], "3.1": ["jinja>=3"]},
            jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
            safe={"2.0": [], "2.1": []},
            click={"8.0": [], "8.0.5": []},
        )
    )
    root = tmp_path / "app"
    root.mkdir()
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(root))
    (root / "pyproject.toml").write_text(POETRY)
    return root


def test_a_poetry_project_keeps_its_versions_and_comments(run: Run, project: Path) -> None:
    (project / "poetry.lock").write_text(LOCK)
    before = parse_manifest(POETRY.encode(), path=".", file="pyproject.toml")
    result = run("import")
    assert result.code == 0, result.err
    assert result.out == ""
    assert result.err.endswith("Locked 4 packages, the same versions as in poetry.lock.\n")
    text = (project / "pyproject.toml").read_text()
    after = parse_manifest(text.encode(), path=".", file="pyproject.toml")
    for field in ("name", "version", "requires_python", "dependencies", "extras", "groups", "scripts", "package"):
        assert getattr(after, field) == getattr(before, field), field
    assert after.default_groups == ()
    assert after.dialect == "interlock"
    assert after.warnings == ()
    assert '    # the web\n    "Flask>=3.0,<4.0",  # not 4 yet\n' in text
    assert "# how it is built\n[build-system]" in text
    read = tomllib.loads(text)
    assert read["project"]["authors"] == [{"name": "Ann Other", "email": "ann@example.test"}, {"name": "Bob"}]
    assert read["project"]["urls"] == {"Homepage": "https://app.test/"}
    assert read["tool"]["poetry"] == {"packages": [{"include": "app"}]}
    assert run("lock", "--check").code == 0


def test_everything_a_poetry_project_says_means_the_same_afterwards(run: Run, project: Path) -> None:
    text = POETRY.replace("[tool.poetry.scripts]", MORE_POETRY + "[tool.poetry.scripts]")
    (project / "pyproject.toml").write_text(text)
    before = parse_manifest(text.encode(), path=".", file="pyproject.toml")
    assert run("import").code == 0
    written = (project / "pyproject.toml").read_text()
    after = parse_manifest(written.encode(), path=".", file="pyproject.toml")
    for field in ("dependencies", "extras", "groups", "scripts", "entry_points", "sources", "requires_python"):
        assert getattr(after, field) == getattr(before, field), field
    assert after.default_groups == ("dev",), "docs was optional"
    assert after.settings.indexes == tuple(index for index in before.settings.indexes if index.url)
    assert tomllib.loads(written)["tool"]["poetry"]["scripts"] == {"sh": {"reference": "bin/x.sh", "type": "file"}}
    assert run("lock", "--check").code == 0


MORE_POETRY = """\
[tool.poetry.dependencies.safe]
version = "*"
markers = "os_name == 'posix'"
platform = "linux"

[tool.poetry.group.dev.dependencies]
click = [{ version = "<8.0.5", python = "<3.12" }, { version = "*", python = ">=3.12" }]

[tool.poetry.plugins."my.plugins"]
a = "app:a"

[tool.poetry.scripts.sh]
reference = "bin/x.sh"
type = "file"

"""


def test_what_differs_is_shown(run: Run, project: Path) -> None:
    (project / "poetry.lock").write_text(
        LOCK.replace('"3.0"', '"2.0"', 1) + '[[package]]\nname = "gone"\nversion = "1"\n'
    )
    result = run("migrate")
    assert result.code == 0, result.err
    assert result.out == "~ flask 2.0 -> 3.1  # 2.0 is gone from the index `pypi`\n- gone 1\n"
    assert result.err.endswith("Locked 4 packages; 2 differ from poetry.lock.\n")


def test_a_dry_run_writes_nothing(run: Run, project: Path) -> None:
    (project / "poetry.lock").write_text(LOCK)
    result = run("import", "--dry-run")
    assert result.code == 0
    assert "[project]" in result.out
    assert (project / "pyproject.toml").read_text() == POETRY
    assert not (project / "interlock.lock").exists()


def test_the_manifest_can_stay_as_it_is(run: Run, project: Path) -> None:
    (project / "poetry.lock").write_text(LOCK)
    assert run("import", "--keep-manifests").code == 0
    assert (project / "pyproject.toml").read_text() == POETRY
    assert "flask-3.0-" in (project / "interlock.lock").read_text()
    assert run("lock", "--check").code == 0


def test_a_list_of_requirements_becomes_a_project(run: Run, project: Path) -> None:
    (project / "pyproject.toml").unlink()
    (project / "requirements.txt").write_text("flask==3.0 \\\n  --hash=sha256:00\n# comment\njinja==3.0\n")
    (project / "requirements-dev.txt").write_text("click\n")
    result = run("import")
    assert result.code == 0, result.err
    read = tomllib.loads((project / "pyproject.toml").read_text())
    assert read["project"]["dependencies"] == ["flask==3.0", "jinja==3.0"]
    assert read["dependency-groups"] == {"dev": ["click"]}
    assert read["project"]["requires-python"] == f">={sys.version_info[0]}.{sys.version_info[1]}"


def test_sources_in_a_list_of_requirements_are_kept(run: Run, project: Path) -> None:
    (project / "pyproject.toml").unlink()
    (project / "requirements.in").write_text(
        "-e .\nflask ; python_version >= '3'\nclick @ ./click-8.0-py3-none-any.whl\n"
    )
    (project / "click-8.0-py3-none-any.whl").write_bytes(make_wheel("click", "8.0").data)
    assert run("import", "--python", "3.11").code == 0
    read = tomllib.loads((project / "pyproject.toml").read_text())
    assert read["project"]["dependencies"] == ['flask ; python_version >= "3"', "click"]
    assert read["project"]["requires-python"] == ">=3.11"
    assert read["tool"]["interlock"]["sources"] == {"click": {"path": "./click-8.0-py3-none-any.whl"}}
    (project / "pyproject.toml").unlink()
    (project / "requirements.in").write_text("https://files.test/archive\n")
    refused = run("import")
    assert refused.err.startswith(
        "error[unreadable-project]: requirements.in: `https://files.test/archive` does not say"
    )
    assert not (project / "pyproject.toml").exists()


def test_a_pipfile_becomes_a_project_with_its_versions(run: Run, project: Path) -> None:
    (project / "pyproject.toml").unlink()
    (project / "Pipfile").write_text(
        '[[source]]\nname = "pypi"\nurl = "https://index.test/simple"\n'
        '[packages]\nFlask = "*"\njinja = {version = "~=3.0", extras = ["a"], markers = "os_name != \'nt\'"}\n'
        '[dev-packages]\nclick = "==8.0"\n[requires]\npython_version = "3.11"\n'
    )
    (project / "Pipfile.lock").write_text(
        '{"_meta": {"hash": {}}, "default": {"flask": {"version": "==3.0"}, "jinja": {"version": "==3.0"},'
        ' "safe": {"version": "==2.0"}}, "develop": {"click": {"version": "==8.0"}}}'
    )
    result = run("import")
    assert result.code == 0, result.err
    assert result.err.endswith("Locked 4 packages, the same versions as in Pipfile.lock.\n")
    read = tomllib.loads((project / "pyproject.toml").read_text())
    assert read["project"] == {
        "name": "app", "version": "0.1.0", "requires-python": ">=3.11",
        "dependencies": ["Flask", "jinja[a]~=3.0 ; os_name != 'nt'"],
    }  # fmt: skip
    assert read["dependency-groups"] == {"dev": ["click==8.0"]}
    assert "tool" not in read


FORKED = """\
version = 1
requires-python = ">=3.11"
resolution-markers = ["python_full_version >= '3.12'", "python_full_version < '3.12'"]
[[package]]
name = "flask"
version = "3.0"
source = { registry = "https://index.test/simple" }
resolution-markers = ["python_full_version < '3.12'"]
[[package]]
name = "flask"
version = "3.1"
source = { registry = "https://index.test/simple" }
resolution-markers = ["python_full_version >= '3.12'"]
[[package]]
name = "jinja"
version = "3.0"
source = { registry = "https://index.test/simple" }
[[package]]
name = "safe"
version = "2.0"
source = { registry = "https://index.test/simple" }
"""


@pytest.mark.parametrize("tool", ["uv.lock", "poetry.lock", "pdm.lock"])
def test_several_versions_of_a_package_are_chosen_where_they_were(run: Run, project: Path, tool: str) -> None:
    (project / "pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["flask"]\n'
    )
    text = FORKED
    if tool != "uv.lock":
        _, *packages = FORKED.split("[[package]]\n")
        text = "".join(f"[[package]]\n{package}" for package in packages).replace("source = ", "# source = ")
        text = text.replace("resolution-markers = [", "markers = " if tool == "poetry.lock" else "marker = ").replace(
            '"]', '"'
        )
    (project / tool).write_text(text)
    result = run("import")
    assert result.code == 0, result.err
    assert result.out == ""
    assert f"the same versions as in {tool}" in result.err
    lock = decode_lock((project / "interlock.lock").read_bytes(), file="interlock.lock")
    assert sorted(package.version for package in lock.packages if package.name == "flask") == ["3.0", "3.1"]
    assert run("lock", "--check").code == 0
    before = (project / "interlock.lock").read_bytes()
    assert run("add", "click", "--no-sync").code == 0
    assert run("remove", "click", "--no-sync").code == 0
    assert (project / "interlock.lock").read_bytes() == before


def test_places_in_a_list_become_direct_references(run: Run, project: Path) -> None:
    (project / "pyproject.toml").unlink()
    built = make_sdist("lib", "1.0")
    (project.parent / built.filename).write_bytes(built.data)
    url = (project.parent / built.filename).as_uri()
    (project / "requirements.txt").write_text(f"{url} ; os_name == 'posix'\nflask[x] == 3.0\n")
    assert run("import").code == 0
    dependencies = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    assert dependencies == [f"lib @ {url} ; os_name == 'posix'", "flask[x]==3.0"]


@pytest.mark.parametrize("line", ["-e ./lib", "./lib", "git+https://git.test/b.git"])
def test_a_line_of_a_list_that_names_no_package_is_told(line: str, run: Run, project: Path) -> None:
    (project / "pyproject.toml").unlink()
    (project / "requirements.txt").write_text(f"click\n{line}\n")
    result = run("import")
    assert result.code != 0
    assert result.err.startswith(f"error[unreadable-project]: requirements.txt: `{line.removeprefix('-e ')}`")
    assert not (project / "pyproject.toml").exists()


def test_nothing_to_import(run: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    assert run("import").err.startswith("error[nothing-to-import]")
    assert run("import", "nowhere.txt").code == 1


def test_a_path_dependency_that_did_not_change_does_not_differ(run: Run, project: Path) -> None:
    tree = project / "vendored"
    tree.mkdir()
    (tree / "pyproject.toml").write_text('[project]\nname = "vendored"\nversion = "0.3"\ndependencies = ["safe"]\n')
    text = POETRY.replace("# the web\n", 'vendored = { path = "vendored" }\n# the web\n')
    (project / "pyproject.toml").write_text(text)
    local = '[[package]]\nname = "vendored"\nversion = "0.3"\n[package.source]\ntype = "directory"\nurl = "vendored"\n'
    (project / "poetry.lock").write_text(f"{LOCK}\n{local}")
    result = run("import")
    assert (result.code, result.out) == (0, "")
    assert result.err.endswith("the same versions as in poetry.lock.\n")
