"""Where packages come from, from the manifest to the environment: URLs, directories, indexes by platform, builds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.shop import Shop
from tests.wheels import BACKEND, make_sdist, make_wheel


def test_a_url_is_locked_with_its_hash_and_changed_bytes_are_refused(
    empty_shop: Shop, index: Callable[..., IndexServer], tmp_path: Path
) -> None:
    files = registry(parts={"1.0": ["safe"]})
    server = index(files, layout="{filename}")
    url = f"{server.root}/parts-1.0-py3-none-any.whl"
    shop = empty_shop
    shop.member("web", f"parts @ {url}")
    shop.run("sync", "--package", "web")
    (parts,) = [package for package in shop.lock.packages if package.name == "parts"]
    assert parts.artifacts[0].sha256 == files.releases("parts")[0].built.sha256
    assert shop.installed().keys() == {"parts", "safe", "web"}
    files.withdraw("parts-1.0-py3-none-any.whl")
    files.add(make_wheel("parts", "1.0", requires=["safe"], files={"parts.py": "EVIL = True\n"}))
    shop.run("env", "remove")
    result = shop.run("sync", "--package", "web", "--cache-dir", tmp_path / "other", code=1)
    assert result.err.startswith("error[digest-mismatch]")
    assert not (shop.root / ".venv").exists()


@pytest.mark.parametrize("editable", [True, False])
def test_a_directory_is_seen_to_change_when_it_is_editable(empty_shop: Shop, tmp_path: Path, editable: bool) -> None:
    alone = Shop(tmp_path / "alone", empty_shop.cache, empty_shop.packages, empty_shop.index)
    alone.member("tool")
    flag = ", editable = true" if editable else ""
    source = f"[tool.interlock.sources]\ntool = {{ path = '../../../alone/packages/tool'{flag} }}\n"
    empty_shop.member("web", "tool", lines=source)
    empty_shop.run("sync", "--package", "web")
    alone.write("packages/tool/tool.py", "NAME = 'edited'\n")
    assert empty_shop.python("import tool; print(tool.NAME)") == ("edited" if editable else "tool")


def test_one_package_from_another_index_on_each_platform(empty_shop: Shop, index: Callable[..., IndexServer]) -> None:
    shop = empty_shop
    here, there = index(registry(torch={"2.0+here": []})), index(registry(torch={"2.0+there": []}))
    root = shop.root / "pyproject.toml"
    root.write_text(
        f'{root.read_text()}[[tool.interlock.index]]\nname = "here"\nurl = "{here.url}"\nexplicit = true\n'
        f'[[tool.interlock.index]]\nname = "there"\nurl = "{there.url}"\nexplicit = true\n'
    )
    rules = f"""[tool.interlock.sources]
torch = [
    {{ index = "here", marker = "sys_platform == '{sys.platform}'" }},
    {{ index = "there", marker = "sys_platform != '{sys.platform}'" }},
]
"""
    shop.member("web", "torch", lines=rules)
    shop.run("sync", "--package", "web")
    assert {package.version for package in shop.lock.packages} == {"2.0+here", "2.0+there"}
    assert shop.installed()["torch"] == "2.0+here"


def test_a_project_that_is_no_package_only_has_dependencies(empty_shop: Shop) -> None:
    empty_shop.member("web", "click", lines="[tool.interlock]\npackage = false\n")
    empty_shop.run("sync", "--package", "web")
    assert empty_shop.installed().keys() == {"click"}


def test_members_with_different_pythons_share_a_lock(empty_shop: Shop) -> None:
    """One that cannot run here stands in nobody's way."""
    shop = empty_shop
    later = f">=3.{sys.version_info[1] + 1}"
    shop.packages.add(make_wheel("modern", "1.0"))
    shop.packages.add(make_wheel("modern", "2.0", requires_python=later))
    shop.member("old", "modern", python=">=3.11")
    shop.member("new", "modern>=2", python=later)
    shop.run("lock")
    shop.run("sync", "--package", "old")
    assert shop.installed() == {"modern": "1.0", "old": "1.0"}
    assert shop.run("sync", "--package", "new", code=1).err.startswith("error[no-interpreter]")


def test_a_package_can_be_built_in_the_environment_it_is_for(empty_shop: Shop, packages: Registry) -> None:
    """Its build needs something that is only there, and its own requirements cannot be had."""
    shop = empty_shop
    backend = BACKEND.replace("in_tree_backend.py", "no_such_file.py")
    packages.add(make_wheel("helper", "1.0", files={"helper_backend.py": backend}))
    pyproject = '[build-system]\nrequires = ["nowhere-to-be-found"]\nbuild-backend = "helper_backend"\n'
    packages.add(make_sdist("needy", "1.0", pyproject=pyproject))
    shop.member("web", "helper", "needy")
    shop.run("lock")
    assert "nowhere-to-be-found" in shop.run("sync", "--package", "web", code=1).err
    root = shop.root / "pyproject.toml"
    root.write_text(root.read_text() + '[tool.interlock]\nno-build-isolation-package = ["needy"]\n')
    shop.run("sync", "--package", "web")
    assert shop.installed().keys() == {"helper", "needy", "web"}


def test_settings_reach_the_build_of_one_package_only(empty_shop: Shop, packages: Registry) -> None:
    shop = empty_shop
    told = "**_sources(), NAME + '.py': b'S = ' + repr(config_settings).encode()"
    for name in ("one", "two"):
        backend = BACKEND.replace("**_sources()", told.replace("NAME", repr(name)))
        packages.add(make_sdist(name, "1.0", backend=backend, files={"unused.txt": ""}))
    shop.member("web", "one", "two")
    root = shop.root / "pyproject.toml"
    root.write_text(root.read_text() + '[tool.interlock.config-settings-package]\none = { fast = "yes" }\n')
    shop.run("sync", "--package", "web")
    assert shop.python("import one, two; print(one.S, two.S)") == "{'fast': 'yes'} {}"


def test_sources_of_the_root_are_inherited_and_a_members_own_replace_them(
    empty_shop: Shop, index: Callable[..., IndexServer]
) -> None:
    shop = empty_shop
    shop.packages.wheel("parts", "9.0")
    one, two = index(registry(parts={"1.0": []})), index(registry(parts={"2.0": []}))
    root = shop.root / "pyproject.toml"
    root.write_text(
        f'{root.read_text()}[tool.interlock.sources]\nparts = {{ index = "one" }}\n'
        f'[[tool.interlock.index]]\nname = "one"\nurl = "{one.url}"\nexplicit = true\n'
        f'[[tool.interlock.index]]\nname = "two"\nurl = "{two.url}"\nexplicit = true\n'
    )
    shop.member("heir", "parts")
    shop.run("lock")
    assert shop.versions() == {"parts": "1.0"}
    shop.member("heir", "parts", lines='[tool.interlock.sources]\nparts = { index = "two" }\n')
    shop.run("lock")
    assert shop.versions() == {"parts": "2.0"}
    nowhere = "{ index = 'two', marker = \"sys_platform == 'nowhere'\" }"
    shop.member("heir", "parts", lines=f"[tool.interlock.sources]\nparts = [{nowhere}]\n")
    shop.run("sync", "--package", "heir")
    assert shop.installed()["parts"] == "9.0", "the root's whole entry is replaced, also where the member's is false"


def test_settings_that_only_count_in_the_root_are_a_warning_in_a_member(empty_shop: Shop) -> None:
    empty_shop.member("web", "click", lines='[tool.interlock]\nconstraint-dependencies = ["click<8.1"]\n')
    said = empty_shop.run("lock")
    assert empty_shop.versions() == {"click": "8.1"}
    assert "packages/web/pyproject.toml" in said.err
    assert "constraint-dependencies" in said.err


def test_the_dependencies_of_one_package_are_overridden(shop: Shop) -> None:
    root = shop.root / "pyproject.toml"
    before = root.read_text()
    shop.run("lock")
    assert shop.versions()["click"] == "8.1"
    root.write_text(
        before + "[tool.interlock]\noverride-dependencies = [\n"
        '    { package = { name = "flask", version = "3.1" }, dependencies = ["jinja<3.1", "checker"] },\n]\n'
    )
    stale = shop.run("lock", "--check", code=3)
    assert "scoped-overrides" in stale.err
    shop.run("lock")
    assert shop.versions()["jinja"] == "3.0"
    (flask,) = [package for package in shop.lock.packages if package.name == "flask"]
    assert {edge.name for edge in flask.dependencies} == {"checker", "click", "jinja"}
    shop.run("lock", "--check")
