"""Environments made from the lock: what is in them, for whom, and how they were asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shop import Shop, snapshot
from tests.wheels import make_wheel


@pytest.fixture
def strict(shop: Shop) -> Shop:
    """Each member has an environment of its own."""
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nenv = "member"\n{root.read_text()}')
    shop.member("tool", "checker")
    return shop


def environment_of(shop: Shop, name: str) -> Path:
    return shop.root / "packages" / name / ".venv"


def times(root: Path) -> dict[str, int]:
    """When each path was last changed; what Python itself caches and our own notes do not count."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in {"__pycache__", ".interlock"}]
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = os.lstat(path).st_mtime_ns
    return found


# ---- one environment per member --------------------------------------------------------------------------------------


def test_a_member_cannot_import_what_only_another_member_asks_for(strict: Shop) -> None:
    strict.run("sync", "--all-packages")
    web, catalog, tool = (environment_of(strict, name) for name in ("web", "catalog", "tool"))
    assert strict.installed(catalog) == {"catalog": "1.0", "click": "8.1"}
    assert strict.installed(tool) == {"checker": "1.0", "click": "8.1", "tool": "1.0"}
    assert strict.can_import("catalog", environment=web), "a member that it asks for is its own dependency"
    assert strict.can_import("flask", environment=web)
    assert not strict.can_import("flask", environment=catalog)
    assert not strict.can_import("web", environment=catalog)
    assert not strict.can_import("catalog", environment=tool)
    assert not (strict.root / ".venv").exists()


def test_syncing_one_member_leaves_the_others_alone(strict: Shop) -> None:
    strict.run("sync", "--all-packages")
    before = {name: times(environment_of(strict, name)) for name in ("catalog", "tool")}
    strict.member("web", "catalog", "jinja")
    strict.run("sync", "--package", "web")
    assert strict.installed(environment_of(strict, "web")).keys() == {"catalog", "click", "jinja", "safe", "web"}
    assert {name: times(environment_of(strict, name)) for name in ("catalog", "tool")} == before


def test_a_member_is_synced_from_its_own_directory(strict: Shop) -> None:
    strict.run("--directory", strict.root / "packages" / "catalog", "sync")
    assert environment_of(strict, "catalog").is_dir()
    assert not environment_of(strict, "web").exists()


def test_fifty_environments_share_their_files_with_the_store(empty_shop: Shop) -> None:
    shop = empty_shop
    body = "X = 1\n" * 50_000
    shop.packages.add(make_wheel("heavy", "1.0", files={"heavy.py": body}))
    for number in range(50):
        shop.member(f"member{number}", "heavy", lines="[tool.interlock]\npackage = false\n")
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nenv = "member"\n{root.read_text()}')
    shop.run("sync", "--all-packages", "--link-mode", "hardlink")
    (stored,) = shop.cache.glob("wheels-v1/*/*/tree/heavy.py")
    environments = [environment_of(shop, f"member{number}") for number in range(50)]
    found = [next(environment.glob("lib/python3*/site-packages/heavy.py")) for environment in environments]
    assert {path.stat().st_ino for path in found} == {stored.stat().st_ino}
    assert stored.stat().st_nlink == 51


# ---- editable and not ------------------------------------------------------------------------------------------------


def test_members_are_editable_and_need_not_be(shop: Shop) -> None:
    shop.run("sync", "--package", "web")
    source = shop.root / "packages" / "web" / "web.py"
    source.write_text("NAME = 'edited'\n")
    assert shop.python("import web; print(web.NAME)") == "edited"
    shop.run("sync", "--package", "web", "--no-editable")
    source.write_text("NAME = 'edited again'\n")
    assert shop.python("import web; print(web.NAME)") == "edited"
    shop.run("sync", "--package", "web", "--no-editable")
    assert shop.python("import web; print(web.NAME)") == "edited again", "its source changed"
    shop.run("sync", "--package", "web")
    source.write_text("NAME = 'and again'\n")
    assert shop.python("import web; print(web.NAME)") == "and again"


def test_scripts_come_and_go_with_the_manifest(shop: Shop) -> None:
    manifest = shop.manifest("catalog")
    before = manifest.read_text()
    shop.run("sync", "--package", "catalog")
    script = shop.root / ".venv" / "bin" / "catalog-tool"
    assert not script.exists()
    shop.write("packages/catalog/catalog.py", "def main():\n    print('a tool')\n")
    manifest.write_text(
        before.replace("[build-system]", '[project.scripts]\ncatalog-tool = "catalog:main"\n[build-system]')
    )
    shop.run("sync", "--package", "catalog", "--locked")
    assert subprocess.run([script], capture_output=True, text=True, check=True).stdout == "a tool\n"
    manifest.write_text(before)
    shop.run("sync", "--package", "catalog", "--locked")
    assert not script.exists()


def test_cache_keys_decide_when_an_editable_member_is_built_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = shop.manifest("catalog")
    keys = '[{ file = "data/*.txt" }, { dir = "plugins" }, { env = "SHOP_FLAVOUR" }, { git = { commit = true } }]'
    manifest.write_text(f"[tool.interlock]\ncache-keys = {keys}\n{manifest.read_text()}")
    subprocess.run(["git", "init", "-q"], cwd=shop.root, check=True)

    def rebuilt() -> bool:
        return "~ catalog 1.0 (editable)" in shop.run("sync", "--package", "catalog").err

    shop.run("sync", "--package", "catalog")
    assert not rebuilt()
    shop.write("packages/catalog/data/one.txt", "1")
    assert rebuilt()
    shop.write("packages/catalog/data/one.md", "1")
    assert not rebuilt()
    shop.write("packages/catalog/plugins/a.py", "")
    assert rebuilt()
    monkeypatch.setenv("SHOP_FLAVOUR", "vanilla")
    assert rebuilt()
    assert not rebuilt()
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@shop.test"]
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "one"], cwd=shop.root, check=True)
    assert rebuilt()
    assert not rebuilt()


def test_one_member_that_is_not_editable(shop: Shop) -> None:
    shop.run("sync", "--package", "web", "--no-editable-package", "catalog")
    where = shop.python("import catalog, web; print(catalog.__file__); print(web.__file__)").splitlines()
    assert "site-packages" in where[0]
    assert where[1] == str(shop.root / "packages" / "web" / "web.py")


def test_the_projects_themselves_are_left_out_when_asked(shop: Shop) -> None:
    shop.run("sync", "--package", "web", "--no-install-project")
    assert shop.installed().keys() == {"catalog", "checker", "click", "flask", "jinja", "safe"}
    shop.run("sync", "--package", "web", "--no-install-workspace")
    assert shop.installed().keys() == {"checker", "click", "flask", "jinja", "safe"}
    shop.run("sync", "--package", "web", "--no-install-package", "Flask")
    assert shop.installed().keys() == {"catalog", "checker", "click", "jinja", "safe", "web"}


# ---- what is selected ------------------------------------------------------------------------------------------------


def test_install_adds_and_sync_is_exact(shop: Shop) -> None:
    shop.run("install", "--package", "web", "--extra", "extra", "--no-dev")
    assert "checker" not in shop.installed()
    shop.run("install", "--package", "catalog")
    assert {"flask", "catalog", "web"} <= shop.installed().keys()
    shop.run("sync", "--package", "catalog")
    assert shop.installed() == {"catalog": "1.0", "click": "8.1"}


def test_groups_and_extras(shop: Shop) -> None:
    shop.run("sync", "--package", "web")
    assert "checker" in shop.installed(), "dev is a default group"
    shop.run("sync", "--package", "web", "--no-dev")
    assert "checker" not in shop.installed()
    shop.run("sync", "--package", "web", "--only-group", "dev")
    assert shop.installed() == {"checker": "1.0", "click": "8.1"}
    shop.run("sync", "--package", "web", "--without", "dev", "--all-extras")
    assert shop.installed().keys() == {"catalog", "click", "flask", "jinja", "safe", "web"}


def test_what_production_needs_in_poetrys_words(shop: Shop) -> None:
    shop.run("sync", "--package", "web", "--all-extras")
    shop.run("install", "--package", "web", "--only", "main", "--sync", "--no-root")
    assert shop.installed().keys() == {"catalog", "click", "flask", "jinja", "safe"}


def test_only_the_project_itself_is_installed(shop: Shop) -> None:
    shop.run("install", "--package", "web", "--only-root")
    assert shop.installed().keys() == {"web"}
    shop.run("install", "--package", "catalog", "--no-dev")
    shop.run("install", "--package", "web", "--only-root")
    assert shop.installed().keys() >= {"web", "catalog", "click"}, "it removes nothing"
    refused = shop.run("install", "--only-root", "--sync", code=2)
    assert "`--only-root` and `--sync` exclude each other." in refused.err


def test_a_dry_run_says_what_and_does_nothing(shop: Shop) -> None:
    with shop.unchanged():
        said = shop.run("sync", "--dry-run")
    assert " + flask 3.1" in said.out
    assert "Would make" in said.err
    shop.run("sync")
    before = times(shop.root / ".venv")
    said = shop.run("sync", "--dry-run", "--package", "catalog")
    assert " - flask 3.1" in said.out
    assert times(shop.root / ".venv") == before


def test_check_tells_by_its_code(shop: Shop) -> None:
    shop.run("lock")
    with shop.unchanged():
        shop.run("sync", "--check", code=1)
    shop.run("sync")
    with shop.unchanged():
        shop.run("sync", "--check")
        shop.run("sync", "--check", "--package", "catalog", code=1)
        document = shop.run("sync", "--check", "--json").json()
    assert document["in_sync"] is True
    assert document["applied"] is False


def test_a_second_sync_changes_nothing(shop: Shop) -> None:
    shop.run("sync")
    before = times(shop.root)
    shop.index.forget()
    shop.run("sync")
    assert times(shop.root) == before
    assert not shop.index.requests


def test_what_somebody_removed_by_hand_comes_back(shop: Shop) -> None:
    shop.run("sync")
    (folder,) = (shop.root / ".venv").glob("lib/python3*/site-packages/click-8.1.dist-info")
    subprocess.run(["rm", "-rf", folder], check=True)
    shop.run("sync", "--check", code=1)
    shop.run("sync")
    assert shop.installed()["click"] == "8.1"


def test_leftovers_of_a_killed_sync_are_cleaned_up_even_with_nothing_to_do(shop: Shop) -> None:
    shop.run("sync")
    work = shop.root / ".venv" / ".interlock" / "work"
    (work / "stage" / "0").mkdir(parents=True)
    shop.run("sync")
    assert not work.exists()


def test_an_environment_that_was_half_made_is_made_again(shop: Shop) -> None:
    shop.run("sync")
    environment = shop.root / ".venv"
    (environment / "pyvenv.cfg").unlink()
    (environment / ".interlock" / "making").touch()
    shop.run("sync")
    assert shop.can_import("flask")
    assert not (environment / ".interlock" / "making").exists()


# ---- the lock it works from ------------------------------------------------------------------------------------------


def test_locked_refuses_a_stale_lock(shop: Shop) -> None:
    shop.refuses("sync", "--locked", code=3, error="lock-missing")
    shop.run("lock")
    shop.member("catalog", "click", "jinja")
    said = shop.refuses("sync", "--locked", code=3, error="lock-outdated")
    assert "packages/catalog: dependencies have changed" in said.err
    assert "Run `interlock lock`." in said.err
    said = shop.refuses("run", "--locked", "python", "-c", "", code=3, error="lock-outdated")


def test_frozen_does_not_look_at_the_manifests(shop: Shop) -> None:
    shop.refuses("sync", "--frozen", code=3, error="lock-missing")
    shop.run("lock")
    before = shop.lockfile.read_bytes()
    shop.member("catalog", "click", "no-such-package")
    shop.run("sync", "--frozen")
    assert shop.lockfile.read_bytes() == before
    assert shop.can_import("flask")


def test_frozen_and_locked_with_a_part_of_the_workspace(shop: Shop) -> None:
    """As in an image that holds one member: ``tool`` is not here, and nobody needs it."""
    shop.member("tool", "checker")
    shop.run("lock")
    subprocess.run(["rm", "-rf", shop.root / "packages" / "tool"], check=True)
    for flag in ("--frozen", "--locked"):
        shop.run("sync", flag, "--package", "web")
    shop.run("lock", "--check")
    assert shop.installed().keys() == {"catalog", "checker", "click", "flask", "jinja", "safe", "web"}


def test_a_member_that_is_needed_and_not_here(shop: Shop) -> None:
    shop.run("lock")
    subprocess.run(["rm", "-rf", shop.root / "packages" / "catalog"], check=True)
    for flag in ("--frozen", "--locked"):
        said = shop.refuses("sync", flag, "--package", "web", error="absent-member")
        assert "its directory packages/catalog is not here" in said.err
        assert "--no-install-package catalog" in said.err
    shop.run("sync", "--frozen", "--package", "web", "--no-install-package", "catalog")
    assert shop.installed().keys() == {"checker", "click", "flask", "jinja", "safe", "web"}
    shop.run("sync", "--frozen", "--no-install-workspace")
    assert shop.installed().keys() == {"checker", "click", "flask", "jinja", "safe"}


def test_a_lock_is_made_and_refreshed_on_the_way(shop: Shop) -> None:
    shop.run("sync")
    before = shop.versions()
    shop.member("catalog", "click", "checker")
    said = shop.run("sync", "--no-dev")
    assert shop.versions() == before, "what was locked stays"
    assert "checker" in shop.installed()
    assert "Locked" in said.err


def test_a_failed_sync_leaves_the_environment_as_it_was(shop: Shop) -> None:
    shop.run("sync", "--package", "catalog")
    shop.index.fail("jinja-3.1-py3-none-any.whl", 500)
    shop.refuses("sync", "--package", "web", error="bad-status")
    assert shop.installed() == {"catalog": "1.0", "click": "8.1"}


# ---- run -------------------------------------------------------------------------------------------------------------


def test_run_brings_the_environment_up_to_date_first(shop: Shop) -> None:
    said = shop.spawn("run", "python", "-c", "import flask, sys; print(flask.VERSION); sys.exit(5)", code=5)
    assert said.out == "3.1\n"
    assert shop.spawn("run", "--no-sync", "python", "-c", "import web; print(web.NAME)").out == "web\n"
    said = shop.spawn("run", "no-such-program", code=1)
    assert said.err.splitlines()[-3].startswith("error[command-not-found]"), said.err


PYENV = Path.home() / ".pyenv"
"""Before tests have homes of their own."""


def another_python() -> str:
    """The version of an interpreter that is not the one of the tests; skips where there is none."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = (PYENV / "versions").glob("3.1[1-9].*/bin/python3.1[1-9]")
    others = sorted(path.name.removeprefix("python") for path in found if path.name != f"python{own}")
    if not others:
        pytest.skip("needs two interpreters")
    return others[-1]


def test_environments_for_two_pythons_do_not_replace_each_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    other = another_python()
    monkeypatch.setenv("PYENV_ROOT", str(PYENV))
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    show = ["python", "-c", "import sys, flask; open('said', 'w').write('%d.%d' % sys.version_info[:2])"]

    def said(python: str) -> str:
        shop.run("run", "-p", python, "--package", "web", *show)
        return (shop.root / "said").read_text()

    assert said(own) == own
    before = snapshot(shop.root / ".venv")
    assert said(other) == other
    beside = snapshot(shop.root / f".venv-{other}")
    assert said(own) == own
    assert said(other) == other
    assert (snapshot(shop.root / ".venv"), snapshot(shop.root / f".venv-{other}")) == (before, beside)
    listed = shop.run("env", "list", "--json").json()["environments"]
    assert [Path(found["path"]).name for found in listed] == [".venv", f".venv-{other}"]
    assert shop.run("env", "info", "--path", "--python", other).out.strip().endswith(f".venv-{other}")
    shop.run("env", "remove", "-p", other)
    assert not (shop.root / f".venv-{other}").exists()
    assert (shop.root / ".venv").exists()


def test_the_active_environment_is_used_when_asked(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "mine"], check=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "mine"))
    shop.run("sync", "--package", "catalog")
    assert shop.installed(tmp_path / "mine") == {}
    shop.run("sync", "--package", "catalog", "--active")
    assert shop.installed(tmp_path / "mine").keys() == {"catalog", "click"}
    monkeypatch.setenv("INTERLOCK_ACTIVE", "1")
    monkeypatch.setenv("VIRTUAL_ENV", "")
    assert "is in sync" in shop.run("sync", "--package", "catalog").err, "an empty variable is none"


def test_the_python_that_is_asked_for(shop: Shop) -> None:
    shop.run("sync", "--python", sys.executable)
    version = shop.python("import sys; print(sys.version_info[:2])")
    assert version == str(tuple(sys.version_info[:2]))
    before = snapshot(shop.root)
    shop.run("sync", "--python", ".".join(map(str, sys.version_info[:2])))
    assert snapshot(shop.root) == before


def test_what_is_installed_goes_together_or_is_told(shop: Shop) -> None:
    assert "no-environment" in shop.run("env", "check", code=1).err
    shop.run("sync", "--all-packages")
    assert shop.run("env", "check").out == ""
    (site,) = (shop.root / ".venv").glob("lib/python3*/site-packages")
    jinja = next(site.glob("jinja-*.dist-info")) / "METADATA"
    text = jinja.read_text()
    jinja.unlink()  # the file is shared with the store
    jinja.write_text(
        text.replace("Requires-Dist: safe>=2", "Requires-Dist: safe>=9")
        + "Requires-Python: >=3.99\nRequires-Dist: gone; python_version > '3'\n"
        "Requires-Dist: other; python_version < '3'\nRequires-Dist: more; extra == 'x'\n"
    )
    told = shop.run("env", "check", code=1)
    assert "jinja 3.1 needs safe>=9, and 2.1 is installed." in told.out
    assert "jinja 3.1 needs gone, which is not installed." in told.out
    assert "jinja 3.1 needs Python >=3.99, and this is " in told.out
    assert len(told.out.splitlines()) == 3
    kinds = {problem["kind"] for problem in shop.run("env", "check", "--json", code=1).json()["problems"]}
    assert kinds == {"missing", "unfit", "python"}
    jinja.write_text(text + "Requires-Dist: gone; extra ~= 'x'\n")
    assert "jinja 3.1 has metadata that cannot be read." in shop.run("env", "check", code=1).out


@pytest.mark.parametrize("line", ["sync --frozen --no-install-workspace", "install --no-root --no-directory"])
def test_a_container_installs_what_is_needed_before_the_sources_are_there(
    shop: Shop, tmp_path: Path, line: str
) -> None:
    shop.run("lock")
    first = tmp_path / "image"
    for path in [shop.lockfile, *shop.root.rglob("pyproject.toml")]:
        target = first / path.relative_to(shop.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shop.run("-C", first, *line.split(), "--all-packages", "--no-dev")
    names = set(shop.installed(first / ".venv"))
    assert {"flask", "jinja", "click", "safe"} <= names
    assert not {"web", "catalog", "checker"} & names
    shutil.copytree(shop.root / "packages", first / "packages", dirs_exist_ok=True)
    shop.run("-C", first, "sync", "--locked", "--no-editable", "--all-packages", "--no-dev")
    shutil.rmtree(first / "packages")
    assert shop.can_import("web", environment=first / ".venv")


def test_an_optional_group_of_poetry_is_installed_when_asked_for(empty_shop: Shop) -> None:
    shop = empty_shop
    (shop.root / "pyproject.toml").write_text(
        '[tool.poetry]\nname = "app"\nversion = "1"\npackage-mode = false\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\nclick = "^8"\n'
        '[tool.poetry.group.test.dependencies]\nsafe = "*"\n'
        '[tool.poetry.group.docs]\noptional = true\n[tool.poetry.group.docs.dependencies]\njinja = "*"\n'
    )
    shop.run("sync")
    assert shop.installed().keys() == {"click", "safe"}
    shop.run("sync", "--with", "docs")
    assert shop.installed().keys() == {"click", "jinja", "safe"}
