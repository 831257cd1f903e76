"""The part of a workspace that one member needs: as a container's context, and as an environment to ship."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shop import Shop, snapshot
from tests.wheels import make_wheel


@pytest.fixture
def store(empty_shop: Shop) -> Shop:
    """``web`` needs ``catalog``, and ``checks`` for its tests; ``api`` and ``checks`` stand alone."""
    shop = empty_shop
    options = {"console_scripts": {"tool": "tool:main"}}
    module = b"import sys\ndef main():\n    print('tool', sys.prefix, *sys.argv[1:])\n"
    shop.packages.add(make_wheel("tool", "1.0", files={"tool.py": module}, entry_points=options))
    shop.member("catalog", "click")
    shop.member("checks", "checker")
    shop.member("api", "flask")
    shop.member(
        "web",
        "catalog",
        "jinja",
        "tool",
        lines='[project.scripts]\nweb = "web:main"\n[dependency-groups]\ndev = ["checks"]\n'
        "[tool.interlock.sources.checks]\nworkspace = true\n",
    )
    shop.write("packages/web/web.py", 'import catalog, jinja\n\n\ndef main():\n    print("web", catalog.__file__)\n')
    shop.run("lock")
    return shop


def files(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())


def within(shop: Shop, place: Path, *arguments: str, code: int = 0) -> str:
    return shop.run("--directory", place, *arguments, code=code).err


def test_manifests_alone_are_enough_to_install_what_a_member_needs(store: Shop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    store.run("prune", "--package", "web", "--output", out)
    members = [f"packages/{name}/pyproject.toml" for name in ("catalog", "checks", "web")]
    assert files(out / "manifests") == ["interlock.lock", *members, "pyproject.toml"]
    place = out / "manifests"
    assert "up to date" in within(store, place, "lock", "--check")
    within(store, place, "sync", "--locked", "--package", "web", "--no-dev", "--no-install-workspace")
    assert store.installed(place / ".venv").keys() == {"click", "jinja", "safe", "tool"}


def test_the_full_part_is_a_workspace_of_its_own(store: Shop, tmp_path: Path) -> None:
    store.run("prune", "--package", "web", "--no-dev", "--output", tmp_path / "out")
    place = tmp_path / "out" / "full"
    assert sorted(path.name for path in (place / "packages").iterdir()) == ["catalog", "web"]
    shutil.rmtree(store.root)
    within(store, place, "sync", "--locked", "--package", "web", "--no-dev", "--no-editable")
    assert store.installed(place / ".venv").keys() == {"catalog", "click", "jinja", "safe", "tool", "web"}
    assert "is to be installed" in within(store, place, "sync", "--locked", "--package", "web", code=1)


def test_the_layer_stays_the_same_when_something_else_changes(store: Shop, tmp_path: Path) -> None:
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    before = snapshot(tmp_path / "out")
    manifest = store.manifest("api")
    manifest.write_text(manifest.read_text().replace('"flask"', '"flask<3.1", "checker"'))
    store.write("packages/api/api.py", "NAME = 'other'\n")
    store.member("more", "flask")
    store.run("lock")
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    assert snapshot(tmp_path / "out") == before
    store.write("packages/catalog/catalog.py", "NAME = 'other'\n")
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    after = snapshot(tmp_path / "out")
    assert {path for path in after if after[path] != before.get(path)} == {"full/packages/catalog/catalog.py"}


def test_what_git_ignores_is_left_out(store: Shop, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=store.root, check=True)
    store.write(".gitignore", "*.log\n")
    store.write("packages/web/today.log", "")
    store.write("packages/web/data.txt", "")
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    names = files(tmp_path / "out" / "full" / "packages" / "web")
    assert "data.txt" in names
    assert "today.log" not in names


def test_something_else_is_left_alone(store: Shop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    store.refuses("prune", "--package", "web", "--output", out, error="output-not-empty")
    store.refuses("deploy", "--package", "web", "--output", out, error="environment-not-ours")
    assert files(out) == ["notes.txt"]


def test_a_stale_lock_is_an_error(store: Shop, tmp_path: Path) -> None:
    manifest = store.manifest("api")
    manifest.write_text(manifest.read_text().replace('"flask"', '"flask", "checker"'))
    store.refuses("prune", "--package", "web", "--output", tmp_path / "out", code=3, error="lock-outdated")
    store.refuses("deploy", "--package", "web", "--output", tmp_path / "out", code=3, error="lock-outdated")
    assert not (tmp_path / "out").exists()


def test_a_deployed_environment_runs_anywhere_without_the_workspace(store: Shop, tmp_path: Path) -> None:
    made = store.run("deploy", "--package", "web", "--output", tmp_path / "made")
    assert "6 packages" in made.err
    shutil.rmtree(store.root)
    shutil.rmtree(store.cache)
    place = tmp_path / "some where" / "else"
    place.parent.mkdir()
    (tmp_path / "made").rename(place)
    assert store.installed(place).keys() == {"catalog", "click", "jinja", "safe", "tool", "web"}
    program = "import web; web.main(); import sys; print(sys.prefix)"
    said = store.python(program, environment=place).splitlines()
    assert said == [f"web {place}/lib/{next((place / 'lib').iterdir()).name}/site-packages/catalog.py", str(place)]
    (tmp_path / "tool").symlink_to(place / "bin" / "tool")
    for command in (place / "bin" / "tool", tmp_path / "tool"):
        done = subprocess.run([command, "a b"], capture_output=True, text=True, check=True)
        assert done.stdout == f"tool {place} a b\n"
    assert not [name for name in files(place) if name.endswith(".pth") or "direct_url" in name]
    assert any(name.endswith(".pyc") for name in files(place))


def test_deploying_twice_gives_the_same_bytes(store: Shop, tmp_path: Path) -> None:
    for name in ("one", "another"):
        store.run("deploy", "--package", "web", "--output", tmp_path / name)
    one, another = snapshot(tmp_path / "one"), snapshot(tmp_path / "another")
    assert one == another
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert os.fsencode(tmp_path) not in path.read_bytes(), path
    before = sorted((tmp_path / "one").rglob("*"))
    store.run("deploy", "--package", "catalog", "--output", tmp_path / "one")
    assert sorted((tmp_path / "one").rglob("*")) != before
    assert store.installed(tmp_path / "one").keys() == {"catalog", "click"}
