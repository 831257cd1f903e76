"""A repository of Poetry projects becomes one workspace, and installs what its projects installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.lock.codec import decode_lock
from interlock.core.manifests.parse import parse_manifest
from tests.cli.conftest import Run
from tests.index_server import IndexServer
from tests.registry import registry

WEB = {"web-shop", "web-admin"}
LIBS = ("core", "models", "storage", "billing", "search")
APPS = ("web-shop", "web-admin", "worker", "reports", "tools")
NEEDS = {
    "models": ["core"],
    "storage": ["core", "models"],
    "billing": ["models"],
    "search": ["storage"],
    "web-shop": ["billing", "search"],
    "web-admin": ["billing"],
    "worker": ["storage"],
    "reports": ["models"],
    "tools": [],
}
ASKS = {
    "core": "safe",
    "models": "click",
    "web-shop": "flask",
    "web-admin": "flask",
    "worker": "jinja",
    "tools": "click",
}
BELOW = {"flask": ("jinja", "click"), "jinja": ("safe",), "click": (), "safe": (), "checker": ("click",)}
VERSIONS = {"flask": "3.0", "jinja": "3.0", "click": "8.0", "safe": "2.0", "checker": "1.0"}


def place(name: str) -> str:
    return f"{'libs' if name in LIBS else 'apps'}/{name}"


def needed(name: str) -> set[str]:
    """The packages that a project installs, by what it and what it needs ask for."""
    found: set[str] = {"checker"} if name in APPS else set()
    for member in (name, *reachable(name)):
        found |= {ASKS[member]} if member in ASKS else set()
    while more := {below for package in found for below in BELOW[package]} - found:
        found |= more
    return found


def reachable(name: str) -> set[str]:
    found = set(NEEDS.get(name, ()))
    for other in tuple(found):
        found |= reachable(other)
    return found


def write(root: Path, name: str, *, versions: dict[str, str] | None = None, more: str = "") -> Path:
    folder = root / place(name)
    folder.mkdir(parents=True)
    up = "../.."
    paths = "".join(f'{other} = {{ path = "{up}/{place(other)}", develop = true }}\n' for other in NEEDS.get(name, ()))
    asks = f'{ASKS[name]} = "*"\n' if name in ASKS else ""
    group = '[tool.poetry.group.test.dependencies]\nchecker = "^1.0"\n' if name in APPS else ""
    (folder / "pyproject.toml").write_text(
        f'[tool.poetry]\nname = "{name}"\nversion = "0.1.0"\ndescription = ""\nauthors = []\n'
        f'[tool.poetry.dependencies]\npython = "^3.11"\n{asks}{paths}{group}{more}'
        '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
    )
    locked = VERSIONS | (versions or {})
    entries = [f'[[package]]\nname = "{package}"\nversion = "{locked[package]}"\n' for package in sorted(needed(name))]
    entries += [
        f'[[package]]\nname = "{other}"\nversion = "0.1.0"\n[package.source]\ntype = "directory"\nurl = "{up}"\n'
        for other in sorted(reachable(name))
    ]
    (folder / "poetry.lock").write_text("\n".join(entries))
    return folder


@pytest.fixture
def repository(tmp_path: Path, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch) -> Path:
    server = index(
        registry(
            flask={"3.0": ["jinja>=3", "click"], "3.1": ["jinja>=3", "click"]},
            jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
            safe={"2.0": [], "2.1": []},
            click={"8.0": [], "8.1": []},
            checker={"1.0": ["click"], "1.1": ["click"]},
        )
    )
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(root))
    return root


def exported(run: Run, name: str) -> dict[str, str]:
    result = run(
        "export",
        "--package",
        name,
        "--format",
        "requirements",
        "--no-hashes",
        "--no-header",
        "--no-annotate",
        "--no-emit-workspace",
    )
    assert result.code == 0, result.err
    return dict(line.partition(" ")[0].split("==") for line in result.out.splitlines() if "==" in line)


def test_ten_projects_become_a_workspace_that_installs_what_they_installed(run: Run, repository: Path) -> None:
    for name in (*LIBS, *APPS):
        write(repository, name)
    result = run("import", "--workspace")
    assert result.code == 0, result.err
    assert result.out == ""
    assert result.err.splitlines()[-1] == "Locked 5 packages, the same versions as in 10 locks."
    assert "warning" not in result.err
    for name in (*LIBS, *APPS):
        assert exported(run, name) == {package: VERSIONS[package] for package in needed(name)}, name
        text = (repository / place(name) / "pyproject.toml").read_bytes()
        manifest = parse_manifest(text, path=place(name), file="")
        assert {str(other) for other in manifest.sources} == set(NEEDS.get(name, ()))
        assert b"path =" not in text
    assert run("lock", "--check").code == 0
    assert run("check").code == 0
    assert "workspace already" in run("import", "--workspace").err
    lock = decode_lock((repository / "interlock.lock").read_bytes())
    members = {member.name for member in lock.members}
    edges = {(m.name, edge.name) for m in lock.members for edge in m.dependencies if edge.name in members}
    assert edges == {(name, other) for name in NEEDS for other in NEEDS[name]}
    assert run("sync", "--package", "web-shop", "--no-install-workspace").code == 0
    found = repository.glob(".venv/lib/python3*/site-packages/*.dist-info")
    assert {path.name.partition("-")[0] for path in found} == needed("web-shop")


def test_what_cannot_be_kept_is_said(run: Run, repository: Path) -> None:
    source = '[[tool.poetry.source]]\nname = "inner"\nurl = "https://{host}.test/simple/"\npriority = "explicit"\n'
    write(repository, "core", more=source.format(host="one"))
    write(repository, "models", versions={"click": "8.1"}, more=source.format(host="two"))
    write(repository, "tools", more='[tool.poetry.group.own.dependencies]\nmodels = "^0.0.9"\n')
    template = repository / "template"
    template.mkdir()
    (template / "pyproject.toml").write_text('[tool.poetry]\nname = "{{ name }}"\nversion = "1"\n')
    result = run("import", "--workspace")
    assert result.code == 0, result.err
    assert "libs/models/pyproject.toml: its index `inner` is another one than that of others" in result.err
    assert "apps/tools/pyproject.toml: `models` is the member in libs/models now" in result.err
    assert "template/pyproject.toml is left alone" in result.err
    line = "~ click 8.0, 8.1 -> 8.1  # the locks differ, and one version has to do for all (apps/tools/poetry.lock)\n"
    assert result.out == line
    root = parse_manifest((repository / "pyproject.toml").read_bytes(), path=".", file="")
    assert [(index.name, index.explicit) for index in root.settings.indexes] == [
        ("inner", True),
        ("inner-models", True),
    ]


def test_projects_that_cannot_agree_are_declared_and_each_keeps_its_own(run: Run, repository: Path) -> None:
    write(repository, "core")
    for name, version in (("tools", "8.0"), ("worker", "8.1")):
        folder = write(repository, name, versions={"click": version})
        manifest = folder / "pyproject.toml"
        text = (
            manifest.read_text()
            .replace('click = "*"\n', "")
            .replace("storage = {", "core = {")
            .replace("libs/storage", "libs/core")
        )
        manifest.write_text(text.replace('python = "^3.11"\n', f'python = "^3.11"\nclick = "{version}"\n'))
    result = run("import", "--workspace")
    assert result.code == 0, result.err
    assert "tools and worker cannot be in one environment" in result.err
    assert exported(run, "tools")["click"] == "8.0"
    assert exported(run, "worker")["click"] == "8.1"


def test_a_dry_run_and_a_failure_write_nothing(run: Run, repository: Path) -> None:
    write(repository, "core")
    write(repository, "tools")
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    shown = run("import", "--workspace", "--dry-run")
    assert (shown.code, "workspace = true" in shown.out or "[project]" in shown.out) == (0, True)
    assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == before
    manifest = repository / "apps/tools/pyproject.toml"
    manifest.write_text(manifest.read_text().replace('click = "*"', 'click = ">=99"'))
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    assert run("import", "--workspace").code == 1
    assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == before


def test_a_root_that_is_a_project_keeps_what_it_says(run: Run, repository: Path) -> None:
    write(repository, "core")
    (repository / "pyproject.toml").write_text(
        '# the top\n[tool.poetry]\nname = "top"\nversion = "1"\npackage-mode = false\n[tool.poetry.dependencies]\n'
        'python = "^3.11"\ncore = { path = "libs/core", develop = true }\n[tool.ruff]\nline-length = 99\n'
    )
    assert run("import", "--workspace").code == 0
    text = (repository / "pyproject.toml").read_text()
    assert "# the top\n" in text
    assert "line-length = 99" in text
    lock = decode_lock((repository / "interlock.lock").read_bytes())
    assert {member.name: member.path for member in lock.members} == {"core": "libs/core", "top": "."}
    assert exported(run, "top") == {"safe": "2.0"}
