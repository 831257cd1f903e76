"""What a lock promises, from the command line to its bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interlock.core.sources import Git
from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.shop import Shop
from tests.wheels import BACKEND, make_sdist, make_wheel

# ---- the same inputs, the same bytes ---------------------------------------------------------------------------------


def test_twice_changes_nothing(shop: Shop) -> None:
    shop.run("lock")
    before, when = shop.lockfile.read_bytes(), shop.lockfile.stat().st_mtime_ns
    shop.run("lock")
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == before
    assert shop.lockfile.stat().st_mtime_ns == when, "it is not even written"


def test_the_order_of_members_the_directory_and_the_store_do_not_matter(shop: Shop, tmp_path: Path) -> None:
    shop.member("api", "catalog", "jinja")
    (shop.root / "pyproject.toml").write_text('[tool.interlock.workspace]\nmembers = ["packages/*"]\n')
    shop.run("lock")
    expected = shop.lockfile.read_bytes()
    other = tmp_path / "somewhere" / "else"
    shutil.copytree(shop.root, other)
    orders = [("web", "catalog", "api"), ("api", "web", "catalog"), ("catalog", "api", "web")]
    for number, names in enumerate(orders):
        members = ", ".join(f'"packages/{name}"' for name in names)
        (other / "pyproject.toml").write_text(f"[tool.interlock.workspace]\nmembers = [{members}]\n")
        for store in (tmp_path / f"store{number}", tmp_path / f"store{number}", shop.cache):
            (other / "interlock.lock").unlink()
            shop.run("--directory", other / "packages" / names[0], "lock", "--cache-dir", store)
            assert (other / "interlock.lock").read_bytes() == expected
            shop.run("--directory", other, "lock", "--check")


def test_the_order_of_requirements_and_comments_do_not_matter(shop: Shop) -> None:
    shop.run("lock")
    expected = shop.lockfile.read_bytes()
    manifest = shop.manifest("web")
    text = manifest.read_text()
    manifest.write_text("# a comment\n" + text.replace('"catalog", "flask"', '"Flask", "catalog"'))
    assert manifest.read_text() != text
    shop.run("lock", "--check")
    shop.lockfile.unlink()
    shop.run("lock")
    assert shop.lockfile.read_bytes() == expected


def test_the_version_of_a_member_is_not_in_it(shop: Shop) -> None:
    shop.run("lock")
    before = shop.lockfile.read_bytes()
    manifest = shop.manifest("catalog")
    manifest.write_text(manifest.read_text().replace('version = "1.0"', 'version = "7.3"'))
    shop.run("lock", "--check")
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == before


def test_what_is_not_in_it(shop: Shop) -> None:
    shop.run("lock")
    text = shop.lockfile.read_text()
    for secret in ("127.0.0.1", "http", str(shop.root), str(shop.cache), os.environ["HOME"], "0.1.0"):
        assert secret not in text


# ---- mirrors and credentials -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["packages/{name}/{filename}", "{filename}"])
def test_another_mirror_with_another_layout_serves_the_same_lock(
    shop: Shop, packages: Registry, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    shop.run("lock")
    before = shop.lockfile.read_bytes()
    mirror = index(packages, layout=layout, simple="root/pypi/+simple", absolute_urls=True, metadata_files=False)
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", mirror.url)
    shop.index.forget()
    shop.run("sync", "--locked", "--no-cache")
    assert shop.installed().keys() == {"catalog", "checker", "click", "flask", "jinja", "safe", "web"}
    assert shop.lockfile.read_bytes() == before
    assert not shop.index.requests
    shop.run("lock", "--upgrade", "--no-cache")
    assert shop.lockfile.read_bytes() == before


def test_credentials_reach_the_index_and_nothing_else(
    shop: Shop, packages: Registry, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    private = index(packages, credentials=("ann", "s3cret"))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", private.url_with_credentials("ann", "s3cret"))
    said = shop.run("sync", "-v")
    assert "s3cret" not in said.err
    assert "s3cret" not in said.out
    assert all(request.status != 401 for request in private.requests)
    for folder in (shop.root, shop.cache):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert b"s3cret" not in path.read_bytes(), path


def test_credentials_in_the_manifest_do_not_reach_the_lock(
    shop: Shop, packages: Registry, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    private = index(packages, credentials=("ann", "s3cret"))
    root = shop.root / "pyproject.toml"
    url = private.url_with_credentials("ann", "s3cret")
    root.write_text(root.read_text() + f'[[tool.interlock.index]]\nname = "own"\nurl = "{url}"\ndefault = true\n')
    monkeypatch.delenv("INTERLOCK_DEFAULT_INDEX")
    shop.run("lock")
    text = shop.lockfile.read_text()
    assert '"own"' in text
    assert "s3cret" not in text
    assert "ann" not in text


def test_a_keyring_is_asked_when_the_index_refuses(
    shop: Shop,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    private = index(packages, credentials=("ann", "s3cret"))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", private.url.replace("://", "://ann@"))
    program = tmp_path / "bin" / "keyring"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n[ "$3" = ann ] && echo s3cret\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    said = shop.refuses("lock", error="unauthorized")
    shop.run("lock", "--keyring-provider", "subprocess")
    (asked,) = set((tmp_path / "asked").read_text().splitlines())
    assert asked == f"get {private.url} ann"
    assert "s3cret" not in said.err


# ---- the cutoff ------------------------------------------------------------------------------------------------------


def test_files_after_the_cutoff_do_not_exist(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.publish(make_wheel("thing", "1.0"), upload_time="2025-01-01T00:00:00Z")
    shop.packages.publish(make_wheel("thing", "2.0"), upload_time="2025-03-01T00:00:00Z")
    shop.member("app", "thing")
    shop.run("lock", "--exclude-newer", "2025-02-01")
    assert shop.versions() == {"thing": "1.0"}
    shop.run("lock", "--check", "--exclude-newer", "2025-02-01")
    shop.run("lock", "--check", code=3)


def test_files_that_tell_no_time_do_not_exist_under_a_cutoff(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.publish(make_wheel("thing", "1.0"), upload_time="2025-01-01T00:00:00Z")
    shop.packages.publish(make_wheel("thing", "2.0"), upload_time=None)
    shop.packages.publish(make_wheel("silent", "1.0"), upload_time=None)
    shop.member("app", "thing")
    shop.run("lock", "--exclude-newer", "2025-02-01")
    assert shop.versions() == {"thing": "1.0"}
    shop.member("app", "silent")
    said = shop.refuses("lock", "--exclude-newer", "2025-02-01", error="no-solution")
    assert "upload" in said.err
    assert "silent" in said.err


def test_a_window_is_stored_so_that_time_alone_makes_nothing_stale(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.publish(make_wheel("thing", "1.0"), upload_time="2025-01-01T00:00:00Z")
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nexclude-newer = "2 days"\n{root.read_text()}')
    shop.member("app", "thing")
    shop.run("lock")
    assert shop.lock.inputs.exclude_newer_span
    before = shop.lockfile.read_bytes()
    shop.run("lock")
    shop.run("lock", "--check")
    assert shop.lockfile.read_bytes() == before
    assert shop.lock.inputs.exclude_newer == "", "a moment would be another one tomorrow"


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


WINDOWS = [
    'exclude-newer = "4 days"',
    'exclude-newer-package = { thing = "4 days", other = "4 days" }',
    'exclude-newer = "2020-01-01"\nexclude-newer-package = { thing = "P4D", other = "4 days" }',
]


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_moves_on_for_what_is_new_and_for_what_is_upgraded(empty_shop: Shop, window: str) -> None:
    """What was too young when the lock was made has come of age since."""
    shop = empty_shop
    root = shop.root / "pyproject.toml"
    root.write_text(f"[tool.interlock]\n{window}\n{root.read_text()}")
    old, young = days_ago(30), days_ago(1)
    first, late = make_wheel("thing", "1.0"), make_sdist("thing", "1.0")
    shop.packages.publish(first, upload_time=old)
    shop.packages.publish(late, upload_time=young)
    shop.packages.publish(make_wheel("thing", "2.0"), upload_time=young)
    shop.packages.publish(make_wheel("other", "1.0"), upload_time=old)
    shop.packages.publish(make_wheel("other", "2.0"), upload_time=young)
    shop.member("app", "thing")
    shop.run("lock")
    (locked,) = shop.lock.packages
    assert (locked.version, [file.filename for file in locked.artifacts]) == ("1.0", [first.filename])
    for name in ("thing", "other"):
        for release in [found for found in shop.packages.releases(name) if found.upload_time == young]:
            shop.packages.withdraw(release.filename)
            shop.packages.publish(release.built, upload_time=days_ago(10))
    shop.run("lock", "--check")
    before = shop.lockfile.read_bytes()
    shop.run("lock")
    assert shop.lockfile.read_bytes() == before, "a lock that is fresh stays"
    (line,) = shop.run("outdated", "--json").json()["packages"]
    assert (line["locked"], line["latest"]) == ("1.0", "2.0")
    shop.member("app", "thing", "other>=1")
    shop.run("lock")
    assert shop.versions() == {"thing": "1.0", "other": "2.0"}, "what is new looks from today"
    assert locked in shop.lock.packages, "its lines stay as they are"
    shop.run("lock", "-P", "thing")
    assert shop.versions() == {"thing": "2.0", "other": "2.0"}


def test_an_upgrade_takes_the_files_that_came_of_age(empty_shop: Shop) -> None:
    shop = empty_shop
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nexclude-newer = "4 days"\n{root.read_text()}')
    wheel, source = make_wheel("thing", "1.0"), make_sdist("thing", "1.0")
    shop.packages.publish(wheel, upload_time=days_ago(30))
    shop.packages.publish(source, upload_time=days_ago(1))
    shop.member("app", "thing")
    shop.run("lock")
    shop.packages.withdraw(source.filename)
    shop.packages.publish(source, upload_time=days_ago(10))

    def files() -> list[str]:
        (package,) = shop.lock.packages
        return [artifact.filename for artifact in package.artifacts]

    # Resolved from the start, for the Pythons of the member have changed.
    shop.member("app", "thing", python=">=3.12")
    shop.run("lock")
    assert files() == [wheel.filename]
    shop.run("lock", "--upgrade")
    assert files() == [wheel.filename, source.filename]


def test_a_file_that_the_old_lock_had_no_use_for_comes_when_it_is_needed(empty_shop: Shop) -> None:
    shop = empty_shop
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nexclude-newer = "4 days"\n{root.read_text()}')
    built = [
        make_wheel("thing", "1.0", tag=f"py3-none-{platform}") for platform in ("win_amd64", "manylinux_2_17_x86_64")
    ]
    for wheel in built:
        shop.packages.publish(wheel, upload_time=days_ago(30))
    shop.member("app", "thing ; sys_platform == 'win32'")
    shop.run("lock")
    shop.member("app", "thing")
    shop.run("lock")
    (package,) = shop.lock.packages
    assert {artifact.filename for artifact in package.artifacts} == {wheel.filename for wheel in built}


def test_a_window_of_another_length_makes_the_lock_stale(empty_shop: Shop) -> None:
    shop = empty_shop
    root = shop.root / "pyproject.toml"
    text = root.read_text()
    root.write_text(f'[tool.interlock]\nexclude-newer = "4 days"\n{text}')
    shop.packages.publish(make_wheel("thing", "1.0"), upload_time=days_ago(30))
    shop.packages.publish(make_wheel("thing", "2.0"), upload_time=days_ago(3))
    shop.member("app", "thing")
    shop.run("lock")
    root.write_text(f'[tool.interlock]\nexclude-newer = "2 days"\n{text}')
    said = shop.refuses("lock", "--check", code=3, error="lock-outdated")
    assert "exclude-newer-span has changed" in said.err
    shop.run("lock")
    assert shop.versions() == {"thing": "1.0"}, "a pin that still fits stays"


def test_a_lock_that_says_what_moment_it_was_is_fresh(empty_shop: Shop) -> None:
    """As earlier versions wrote them."""
    shop = empty_shop
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nexclude-newer = "4 days"\n{root.read_text()}')
    shop.packages.publish(make_wheel("thing", "1.0"), upload_time=days_ago(30))
    shop.member("app", "thing")
    shop.run("lock")
    text = shop.lockfile.read_text()
    added = '"exclude-newer": "2025-01-01T00:00:00Z",\n    "exclude-newer-span"'
    shop.lockfile.write_text(text.replace('"exclude-newer-span"', added))
    shop.run("lock", "--check")
    shop.member("app", "thing>=1.0")
    shop.run("lock")
    assert shop.lockfile.read_text() != text
    assert "2025-01-01T00:00:00Z" not in shop.lockfile.read_text()


# ---- what stays and what moves ---------------------------------------------------------------------------------------


def test_pins_stay_until_somebody_asks(shop: Shop, packages: Registry) -> None:
    shop.run("lock")
    for name, version in (("click", "8.2"), ("safe", "2.2"), ("jinja", "3.2")):
        packages.wheel(name, version)
    shop.member("catalog", "click", "checker")
    shop.run("lock")
    assert shop.versions() == {"checker": "1.0", "click": "8.1", "flask": "3.1", "jinja": "3.1", "safe": "2.1"}
    shop.run("lock", "-P", "click")
    assert shop.versions() == {"checker": "1.0", "click": "8.2", "flask": "3.1", "jinja": "3.1", "safe": "2.1"}
    shop.run("lock", "-P", "click==8.0")
    assert shop.versions()["click"] == "8.0"
    shop.run("lock", "--check")
    shop.run("lock", "--upgrade")
    assert shop.versions() == {"checker": "1.0", "click": "8.2", "flask": "3.1", "jinja": "3.2", "safe": "2.2"}


def test_an_upgrade_leaves_what_differs_by_python(empty_shop: Shop) -> None:
    empty_shop.packages.wheel("core", "1.0")
    empty_shop.packages.wheel("core", "2.0", requires_python=">=3.12")
    empty_shop.packages.wheel("tool", "1.0")
    empty_shop.member("web", "core", "tool")
    empty_shop.run("lock")
    empty_shop.packages.wheel("tool", "2.0")
    empty_shop.run("lock", "-P", "tool")
    assert [found.version for found in empty_shop.lock.packages] == ["1.0", "2.0", "2.0"]


def test_an_upgrade_to_a_version_that_is_not_there(shop: Shop) -> None:
    shop.run("lock")
    said = shop.refuses("lock", "-P", "click==99", error="no-solution")
    assert "click==99" in said.err


def test_a_package_that_is_not_needed_any_more_leaves(shop: Shop) -> None:
    shop.run("lock")
    shop.member("web", "catalog")
    shop.run("lock")
    assert shop.versions() == {"click": "8.1"}


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_branch_that_moves_is_ignored_until_the_package_is_upgraded(empty_shop: Shop, tmp_path: Path) -> None:
    shop, place = empty_shop, tmp_path / "repository"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")

    def commit(version: str) -> str:
        (place / "pyproject.toml").write_text(
            f'[project]\nname = "moving"\nversion = "{version}"\n[build-system]\nrequires = []\n'
            'build-backend = "in_tree_backend"\nbackend-path = ["."]\n'
        )
        (place / "METADATA.in").write_text(f"Metadata-Version: 2.1\nName: moving\nVersion: {version}\n")
        (place / "in_tree_backend.py").write_text(BACKEND)
        (place / "moving.py").write_text(f"VERSION = '{version}'\n")
        git(place, "add", "-A")
        git(place, "commit", "-q", "-m", version)
        return git(place, "rev-parse", "HEAD")

    def locked() -> tuple[str, str]:
        (package,) = [package for package in shop.lock.packages if package.name == "moving"]
        assert isinstance(package.source, Git)
        return package.version, package.source.commit

    first = commit("1.0")
    source = f'[tool.interlock.sources]\nmoving = {{ git = "file://{place}", branch = "main" }}\n'
    shop.member("app", "moving", lines=source)
    shop.run("sync")
    assert locked() == ("1.0", first)
    second = commit("2.0")
    shop.run("lock")
    shop.run("lock", "--check")
    shop.member("other", "click")
    shop.run("lock")
    assert locked() == ("1.0", first), "another change does not move it"
    shop.run("lock", "-P", "click")
    assert locked() == ("1.0", first)
    shop.run("lock", "-P", "moving")
    assert locked() == ("2.0", second)
    third = commit("3.0")
    shop.run("lock", "--upgrade")
    assert locked() == ("3.0", third)
    shop.run("sync", "--all-packages")
    assert shop.python("import moving; print(moving.VERSION)") == "3.0"


# ---- the check -------------------------------------------------------------------------------------------------------


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
    assert not (shop.cache.with_name("none") / "pages-v4").exists()


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


def test_the_index_of_a_member_is_used_for_what_it_pins(shop: Shop, index: Callable[..., IndexServer]) -> None:
    other = index(registry(flask={"5.0": []}, click={"99.0": []}))
    shop.member(
        "web",
        "flask",
        "click",
        lines=f'[[tool.interlock.index]]\nname = "own"\nurl = "{other.url}"\n'
        '[tool.interlock.sources]\nflask = { index = "own" }\n',
    )
    shop.run("lock")
    assert shop.versions() == {"click": "8.1", "flask": "5.0"}
    shop.run("lock", "--check")
    shop.run("sync", "--package", "web")
    assert shop.installed()["flask"] == "5.0"
    assert not other.paths("click")
