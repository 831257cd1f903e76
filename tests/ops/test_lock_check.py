"""Whether a lock is fresh, and the member, the key or the setting for which it is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.shop import Shop


def test_the_check_needs_no_network_no_interpreter_and_no_credentials(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shop.root / "pyproject.toml"
    root.write_text(
        root.read_text() + '[[tool.interlock.index]]\nname = "own"\nurl = "http://127.0.0.1:9/"\n'
        'authenticate = "always"\nexplicit = true\n'
    )
    shop.run("lock")
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    monkeypatch.setenv("PATH", str(shop.root))
    monkeypatch.setenv("INTERLOCK_PYTHON", "/nowhere/python")
    shop.index.forget()
    with shop.unchanged():
        shop.run("lock", "--check")
        shop.run("lock", "--check", "--offline", "--cache-dir", shop.cache.with_name("none"))
    assert not shop.index.requests
    assert not (shop.cache.with_name("none") / "pages-v5").exists()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"flask"', '"flask<3.1"', "dependencies"),
        ('extra = ["safe"]', 'extra = ["safe<2.1"]', "optional-dependencies.extra"),
        ('dev = ["checker"]', "dev = []", "dependency-groups.dev"),
        ('requires-python = ">=3.11"', 'requires-python = ">=3.12"', "requires-python"),
        ("catalog = { workspace = true }", "catalog = { workspace = true, editable = false }", "sources.catalog"),
    ],
)
def test_the_check_names_the_member_and_the_key(shop: Shop, old: str, new: str, key: str) -> None:
    shop.run("lock")
    manifest = shop.manifest("web")
    assert old in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(old, new))
    said = shop.refuses("lock", "--check", "--offline", code=3, error="lock-outdated")
    assert f"  packages/web: {key} ha" in said.err
    assert "catalog:" not in said.err
    stale = shop.run("lock", "--check", "--json", code=3).json()["error"]["facts"]["stale"]
    assert [(one["member"], one["key"], one["kind"]) for one in stale] == [("web", key, "changed")]


@pytest.mark.parametrize(
    "command",
    [("sync", "--locked"), ("export",), ("add", "click", "--package", "web", "--locked"), ("tree", "--locked")],
    ids=lambda command: command[0],
)
def test_whoever_needs_a_fresh_lock_says_the_same(shop: Shop, command: tuple[str, ...]) -> None:
    shop.run("lock")
    shop.member("catalog", "click", "jinja")
    checked = shop.run("lock", "--check", "--json", code=3).json()["error"]
    assert checked["facts"]["stale"]
    assert shop.run(*command, "--json", code=3).json()["error"] == checked


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('constraint-dependencies = ["click<9"]', "constraints"),
        ('override-dependencies = ["click<9"]', "overrides"),
        ('exclude-dependencies = ["click"]', "excludes"),
        ("environments = [\"sys_platform == 'linux'\"]", "environments"),
        ('prerelease = "allow"', "prerelease"),
        ('resolution = "lowest"', "resolution"),
        ('exclude-newer = "2025-06-01"', "exclude-newer"),
    ],
)
def test_the_check_names_the_setting(shop: Shop, lines: str, key: str) -> None:
    shop.run("lock")
    root = shop.root / "pyproject.toml"
    root.write_text(f"[tool.interlock]\n{lines}\n{root.read_text()}")
    said = shop.refuses("lock", "--check", code=3, error="lock-outdated")
    assert f"the setting {key} has " in said.err
    shop.run("lock")
    shop.run("lock", "--check")


def test_members_that_come_and_go(shop: Shop) -> None:
    shop.run("lock")
    shop.member("new", "click")
    said = shop.refuses("lock", "--check", code=3)
    assert "packages/new: new is a new member" in said.err
    shop.run("lock")
    (shop.root / "packages" / "new").rename(shop.root / "packages" / "moved")
    said = shop.refuses("lock", "--check", code=3)
    assert "packages/moved: new moved" in said.err
    shutil.rmtree(shop.root / "packages" / "moved")
    shop.run("lock", "--check")
    shop.run("sync", "--locked")
    shop.run("lock")
    assert "new" not in {member.name for member in shop.lock.members}, "locking anew knows only what is here"
    root = shop.root / "pyproject.toml"
    root.write_text('[tool.interlock.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/catalog"]\n')
    shop.member("web", "flask")
    said = shop.refuses("lock", "--check", code=3)
    assert "packages/catalog: catalog is no member any more" in said.err


def test_a_virtual_root_with_groups(shop: Shop) -> None:
    root = shop.root / "pyproject.toml"
    text = root.read_text()
    root.write_text(text + '[dependency-groups]\nlint = ["checker"]\ndev = ["safe<2.1"]\n')
    shop.run("sync")
    assert shop.installed()["safe"] == "2.0"
    shop.run("lock", "--check")
    shop.run("sync", "--only-group", "lint")
    assert shop.installed() == {"checker": "1.0", "click": "8.1"}
    root.write_text(text + '[dependency-groups]\nlint = ["checker<1"]\ndev = ["safe<2.1"]\n')
    said = shop.refuses("lock", "--check", code=3)
    assert "the workspace root: dependency-groups.lint has changed" in said.err


@pytest.mark.parametrize("asked", ["flask>=3.0", "flask", "flask>=2,<4", "flask!=3.0"])
def test_a_bound_that_the_lock_still_keeps_leaves_it_fresh(shop: Shop, asked: str) -> None:
    manifest = shop.manifest("web")
    text = manifest.read_text()
    manifest.write_text(text.replace('"flask"', '"flask>=3.1"'))
    shop.run("lock")
    before = shop.lockfile.read_bytes()
    manifest.write_text(text.replace('"flask"', f'"{asked}"'))
    shop.run("lock", "--check")
    shop.run("sync", "--locked", "--dry-run")
    assert shop.lockfile.read_bytes() == before
    # Locking notes what it answers now, and changes nothing else.
    shop.run("lock")
    old, new = before.decode().splitlines(), shop.lockfile.read_text().splitlines()
    assert [line.split()[0] for line in new if line not in old] == ['"dependencies":']
    assert len(old) == len(new)


@pytest.mark.parametrize(
    "asked", ['"flask<3.1"', '"flask>=3.2"', '"flask", "checker"', "\"flask; python_version < '3'\""]
)
def test_a_bound_that_it_does_not_keep_makes_it_stale(shop: Shop, asked: str) -> None:
    shop.run("lock")
    manifest = shop.manifest("web")
    manifest.write_text(manifest.read_text().replace('"flask"', asked))
    stale = shop.run("lock", "--check", code=3)
    assert "packages/web: dependencies have changed" in stale.err


def test_a_project_outside_that_needs_something_else_makes_it_stale(empty_shop: Shop, tmp_path: Path) -> None:
    """Also where another project outside asks for it."""
    shop = empty_shop
    far = tmp_path / "far" / "pyproject.toml"
    for name, more in (
        ("near", 'dependencies = ["far"]\n[tool.interlock.sources]\nfar = { path = "../far" }\n'),
        ("far", ""),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "1"\n{more}')
    far.write_text(far.read_text() + 'dependencies = ["click", "jinja"]\n')
    shop.member("web", "near", lines='[tool.interlock.sources]\nnear = { path = "../../../near" }\n')
    shop.run("lock")
    before = shop.lockfile.read_bytes()
    far.write_text(far.read_text().replace('version = "1"', 'version = "2"  # a comment'))
    shop.run("lock", "--check")
    far.write_text(far.read_text().replace('["click", "jinja"]', '["jinja", "click"]'))
    shop.run("lock", "--check")
    far.write_text(far.read_text().replace('"click"', '"click", "checker"'))
    said = shop.run("lock", "--check", code=3)
    assert "../far: what the project there says it needs has changed" in said.err
    shop.refuses("sync", "--locked", code=3, error="lock-outdated")
    assert shop.lockfile.read_bytes() == before
    shop.run("lock")
    assert "checker" in shop.versions()
    shop.run("lock", "--check")


def test_line_ends_of_another_platform_change_nothing(shop: Shop) -> None:
    shop.run("lock")
    data = shop.lockfile.read_bytes().replace(b"\n", b"\r\n")
    shop.lockfile.write_bytes(data)
    shop.run("lock", "--check")
    shop.run("lock")
    assert shop.lockfile.read_bytes() == data
