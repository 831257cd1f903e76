"""Which members a change touches: through files, through the graph of members, and through the lock."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.shop import Shop


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@shop.test", "-c", "commit.gpgsign=false"]
    done = subprocess.run([*command, *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def store(empty_shop: Shop) -> Shop:
    """``web`` needs ``catalog``; ``tests`` needs ``web`` in a group; ``api`` stands alone; everything committed."""
    shop = empty_shop
    shop.member("catalog", "click<8.1")
    shop.member("web", "catalog", "jinja<3.1")
    shop.member("api", "safe")
    shop.member(
        "tests",
        lines='[dependency-groups]\ndev = ["web"]\n[tool.interlock.sources]\nweb = { workspace = true }\n',
    )
    shop.member(
        "more",
        lines='[dependency-groups]\ndev = ["tests"]\n[tool.interlock.sources]\ntests = { workspace = true }\n',
    )
    shop.write("README.md", "shop\n")
    shop.write(".gitignore", ".venv\n__pycache__\n")
    shop.run("lock")
    git(shop.root, "init", "-q", "-b", "main")
    commit(shop)
    return shop


def commit(shop: Shop) -> None:
    git(shop.root, "add", "-A")
    git(shop.root, "commit", "-q", "-m", "change", "--allow-empty")


def names(shop: Shop, *arguments: str) -> list[str]:
    return shop.run("affected", *arguments).out.split()


def edit(shop: Shop, name: str, old: str, new: str) -> None:
    manifest = shop.manifest(name)
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))


def test_nothing_changed(store: Shop) -> None:
    result = store.run("affected")
    assert result.out == ""
    assert "No member is affected" in result.err


def test_a_file_affects_its_member_and_those_that_need_it(store: Shop) -> None:
    store.write("packages/catalog/catalog.py", "NAME = 'other'\n")
    # `more` needs `tests` for its own development, but not what `tests` needs for its own.
    assert names(store) == ["catalog", "tests", "web"]
    assert names(store, "--since", "HEAD", "--paths") == ["packages/catalog", "packages/tests", "packages/web"]
    commit(store)
    assert names(store) == []
    assert names(store, "HEAD~1") == ["catalog", "tests", "web"]


def test_new_deleted_and_moved_files_count_and_ignored_ones_do_not(store: Shop) -> None:
    store.write("packages/api/new.py", "")
    store.write("packages/catalog/__pycache__/x.pyc", "")
    assert names(store) == ["api"]
    commit(store)
    (store.root / "packages/api/new.py").rename(store.root / "packages/tests/new.py")
    assert names(store) == ["api", "more", "tests"]


def test_the_readme_of_the_root_affects_nobody(store: Shop) -> None:
    store.write("README.md", "another shop\n")
    assert names(store) == []


def test_a_package_that_is_locked_differently_affects_whose_closure_has_it(store: Shop) -> None:
    edit(store, "catalog", "click<8.1", "click")
    store.run("lock", "-P", "click")
    assert store.versions()["click"] == "8.1"
    assert names(store) == ["catalog", "tests", "web"]
    found = {member["name"]: member for member in store.run("affected", "--json").json()["members"]}
    assert found["catalog"]["files"] == ["packages/catalog/pyproject.toml"]
    assert found["web"]["packages"] == ["catalog", "click"]
    assert found["web"]["needs"] == ["catalog"]


def test_a_lock_that_changed_alone(store: Shop) -> None:
    """As after ``update``: no manifest changed."""
    root = store.root / "pyproject.toml"
    root.write_text(root.read_text() + '[tool.interlock]\nconstraint-dependencies = ["safe<2.1"]\n')
    store.run("lock")
    assert store.versions()["safe"] == "2.0"
    assert names(store) == ["api", "tests", "web"], "jinja needs safe, and web needs jinja"
    why = store.run("affected", "--why").out.splitlines()
    assert why[0] == "api    safe locked differently"


def test_a_setting_that_changes_no_closure_affects_nobody(store: Shop) -> None:
    root = store.root / "pyproject.toml"
    root.write_text(root.read_text() + '[tool.interlock]\noverride-dependencies = ["flask==3.0"]\n')
    store.run("lock")
    assert names(store) == []


def test_a_second_version_for_one_member_does_not_touch_another(store: Shop) -> None:
    root = store.root / "pyproject.toml"
    root.write_text(
        root.read_text() + '[tool.interlock]\nconflicts = [[{ package = "catalog" }, { package = "api" }]]\n'
    )
    store.run("lock")
    commit(store)
    edit(store, "api", '"safe"', '"safe", "click>=8.1"')
    store.run("lock")
    assert {package.version for package in store.lock.packages if package.name == "click"} == {"8.0", "8.1"}
    assert names(store) == ["api"]


def test_members_of_a_branch_are_compared_with_where_it_began(store: Shop) -> None:
    git(store.root, "checkout", "-q", "-b", "feature")
    store.write("packages/api/api.py", "")
    commit(store)
    git(store.root, "checkout", "-q", "main")
    store.write("packages/web/web.py", "")
    commit(store)
    git(store.root, "checkout", "-q", "feature")
    assert names(store, "--since", "main") == ["api"]


def test_files_that_count_for_everyone_and_for_nobody(store: Shop) -> None:
    root = store.root / "pyproject.toml"
    root.write_text(root.read_text() + '[tool.interlock.affected]\nignore = ["**/*.md"]\neveryone = ["ruff.toml"]\n')
    commit(store)
    store.write("packages/api/README.md", "api\n")
    assert names(store) == []
    store.write("ruff.toml", "")
    assert names(store) == ["api", "catalog", "more", "tests", "web"]
    good = root.read_text()
    root.write_text(good.replace('ignore = ["**/*.md"]', "ignroe = []"))
    assert "Did you mean `ignore`?" in store.refuses("affected", error="invalid-manifest").err
    root.write_text(good.replace('ignore = ["**/*.md"]', "ignore = [3]"))
    store.refuses("affected", error="invalid-affected-table")


def test_without_a_lock_on_one_side_everyone_is_affected(store: Shop) -> None:
    store.lockfile.unlink()
    commit(store)
    assert names(store) == []
    store.run("lock")
    assert names(store) == ["api", "catalog", "more", "tests", "web"]
    assert "there was no lock before" in store.run("affected", "--why").out


def test_a_stale_lock_is_told(store: Shop) -> None:
    edit(store, "api", '"safe"', '"safe", "flask"')
    assert "does not match the manifests" in store.run("affected").err
    store.refuses("affected", "--locked", code=3, error="lock-outdated")


def test_a_revision_that_is_not_there(store: Shop) -> None:
    store.refuses("affected", "--since", "nowhere", error="unknown-revision")


def test_the_matrix_is_one_line_of_json(store: Shop) -> None:
    store.write("packages/api/api.py", "")
    out = store.run("affected", "--matrix").out
    assert out.count("\n") == 1
    assert json.loads(out) == {"include": [{"member": "api", "path": "packages/api"}]}


def test_run_and_build_act_on_the_affected(store: Shop) -> None:
    assert store.run("run", "--affected", "HEAD", "--json", "pwd").json()["results"] == []
    assert store.run("build", "--affected", "HEAD", "--json").json()["members"] == []
    store.write("packages/catalog/catalog.py", "NAME = 'other'\n")
    ran = store.run("run", "--affected", "HEAD", "--json", "python", "-c", "pass").json()["results"]
    assert [result["member"] for result in ran] == ["catalog", "tests", "web"]
    built = store.run("build", "--affected", "HEAD", "--json", "--package", "catalog", "--package", "api").json()
    assert [member["name"] for member in built["members"]] == ["catalog"]
