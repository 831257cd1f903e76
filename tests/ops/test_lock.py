"""What a lock promises: the same inputs give the same bytes, and what is in them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import IndexFactory
from tests.registry import Registry
from tests.shop import Shop
from tests.wheels import Built, make_wheel


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


@pytest.mark.parametrize("layout", ["packages/{name}/{filename}", "{filename}"])
def test_another_mirror_with_another_layout_serves_the_same_lock(
    shop: Shop, packages: Registry, index: IndexFactory, monkeypatch: pytest.MonkeyPatch, layout: str
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


def test_it_is_locked_at_the_root_from_any_member(shop: Shop) -> None:
    web = shop.root / "packages/web"
    shop.run("-C", web, "lock")
    assert shop.lockfile.is_file()
    assert not (web / "interlock.lock").exists()
    shop.run("-C", web, "lock", "--check")


def test_wheels_that_nobody_can_use_are_not_locked(empty_shop: Shop) -> None:
    shop = empty_shop
    for tag in ("cp310-cp310-linux_x86_64", "cp312-cp312-linux_x86_64", "cp312-cp312-win_amd64", "py3-none-any"):
        shop.packages.publish(make_wheel("tagged", "1.0", tag=tag))
    shop.member("app", "tagged", python=">=3.12")
    shop.run("lock")
    (package,) = shop.lock.packages
    assert {artifact.filename.split("-", 2)[2] for artifact in package.artifacts} == {
        "cp312-cp312-linux_x86_64.whl",
        "cp312-cp312-win_amd64.whl",
        "py3-none-any.whl",
    }
    root = shop.root / "pyproject.toml"
    root.write_text(root.read_text() + "[tool.interlock]\nenvironments = [\"sys_platform == 'linux'\"]\n")
    shop.run("lock")
    (package,) = shop.lock.packages
    assert {artifact.filename.split("-", 2)[2] for artifact in package.artifacts} == {
        "cp312-cp312-linux_x86_64.whl",
        "py3-none-any.whl",
    }


def test_the_lowest_of_what_members_ask_for_and_the_newest_of_the_rest(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.member("web", "flask>=3.0", lines='[project.optional-dependencies]\nextra = ["click>=8.0"]\n')
    shop.run("lock", "--resolution", "lowest-direct")
    assert shop.versions() == {"click": "8.0", "flask": "3.0", "jinja": "3.1", "safe": "2.1"}
    shop.run("lock", "--resolution", "lowest", "--upgrade")
    assert shop.versions() == {"click": "8.0", "flask": "3.0", "jinja": "3.0", "safe": "2.0"}


def test_a_file_with_an_old_kind_of_hash_only_is_fetched_and_locked_with_a_good_one(empty_shop: Shop) -> None:
    shop, wheel = empty_shop, make_wheel("old", "1.0")
    release = shop.packages.publish(wheel, hashed=False)
    entry = shop.index.file_url(release)
    md5 = hashlib.md5(wheel.data, usedforsecurity=False).hexdigest()
    page = f'<html><a href="{entry}#md5={md5}">{wheel.filename}</a></html>'
    shop.index.replace("/simple/old/", page.encode(), kind="text/html")
    shop.member("web", "old")
    shop.run("lock")
    (package,) = shop.lock.packages
    assert [file.sha256 for file in package.artifacts] == [wheel.sha256]
    assert "md5" not in shop.lockfile.read_text()


def test_the_lock_has_the_size_and_the_hash_of_every_file(shop: Shop) -> None:
    shop.run("lock")
    built: dict[str, Built] = {
        release.filename: release.built for name in shop.versions() for release in shop.packages.releases(name)
    }
    for package in shop.lock.packages:
        assert package.artifacts
        for file in package.artifacts:
            assert (file.sha256, file.size) == (built[file.filename].sha256, len(built[file.filename].data))
