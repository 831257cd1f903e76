"""``interlock check --imports``: what members import and do not declare, and what they declare for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.registry import Registry, registry
from tests.shop import Shop
from tests.wheels import make_wheel

_DEV = '[dependency-groups]\ndev = ["checker"]\n'


@pytest.fixture
def packages() -> Registry:
    found = registry(flask={"3.0": ["jinja"]}, jinja={"3.0": []}, click={"8.0": []}, checker={"1.0": []})
    files: dict[str, dict[str, str | bytes]] = {
        "py-yaml": {"yaml/__init__.py": "", "_yaml.abi3.so": b"\0"},
        "cloud-storage": {"cloud/storage/__init__.py": ""},
        "cloud-auth": {"cloud/auth.py": ""},
        "types-click": {"click-stubs/__init__.pyi": ""},
        "plug": {"plug.py": ""},
        "server": {"server/__init__.py": ""},
    }
    points: dict[str, dict[str, dict[str, str]]] = {
        "plug": {"pytest11": {"plug": "plug"}},
        "server": {"console_scripts": {"serve-it": "server:main"}},
    }
    for name, content in files.items():
        found.add(make_wheel(name, "1.0", files=content, entry_points=points.get(name)))
    return found


def found(shop: Shop, *arguments: str, code: int | None = None) -> list[dict[str, Any]]:
    result = shop.run("check", "--imports", "--json", *arguments, code=code)
    findings: list[dict[str, Any]] = result.json()["imports"]["findings"]
    return findings


def told(shop: Shop) -> list[tuple[str, str, str, str]]:
    return [(one["code"], one["member"], one["package"], f"{one['file']}:{one['line']}") for one in found(shop)]


FAULTS = {
    "a package that only another one brings": (["flask"], "import flask\nimport jinja\n", "jinja:2"),
    "a submodule": (["flask"], "import flask\nimport jinja.nodes as nodes\n", "jinja:2"),
    "a package called otherwise than its module": ([], "from yaml import safe_load\n", "py-yaml:1"),
    "a part of a namespace": (["cloud-auth"], "import cloud.auth\nfrom cloud import storage\n", "cloud-storage:2"),
    "an import within a function": ([], "def f():\n    import click\n    return click\n", "click:2"),
    "a literal of importlib": ([], "import importlib\nx = importlib.import_module('click.core')\n", "click:2"),
    "one that only a group has": ([], "import checker\n", "checker:1"),
    "one for a platform": ([], "import sys\nif sys.platform == 'linux':\n    import click\n", "click:3"),
    "one that nothing locked offers": ([], "import os, nowhere\n", "nowhere:1"),
    "another member": ([], "import other\n", "other:1"),
    "a module that left the standard library": ([], "import telnetlib\n", "telnetlib:1"),
    "one whose types alone are declared": (["types-click"], "import click\n", "click:1"),
}


def every_package(shop: Shop) -> None:
    """Another member that needs all there is, so that all is locked."""
    names = "flask", "click", "py-yaml", "cloud-storage", "cloud-auth", "types-click", "plug", "server"
    shop.member("all", *names)
    shop.write("packages/all/all.py", f"MODULES = {[*names, 'yaml.x', 'cloud.x']}\n")
    shop.member("other")


@pytest.mark.parametrize("case", FAULTS)
def test_undeclared_imports_are_found(empty_shop: Shop, case: str) -> None:
    requires, source, expected = FAULTS[case]
    every_package(empty_shop)
    empty_shop.member("web", *requires, lines=_DEV, python=">=3.13")
    empty_shop.write("packages/web/web.py", source)
    empty_shop.run("lock")
    package, line = expected.split(":")
    with empty_shop.unchanged():
        findings = [one for one in found(empty_shop, "--package", "web", code=1) if one["code"] == "undeclared-import"]
    assert [(one["package"], one["places"]) for one in findings] == [(package, [f"packages/web/web.py:{line}"])]
    assert findings[0]["command"] == f"interlock add {package} --package web"
    assert findings[0]["command"] in findings[0]["message"]


CLEAN = {
    "what is declared": (["click", "py-yaml"], "import click.core\nfrom yaml import *\n"),
    "the standard library": ([], "import os, sys, tomllib, _thread\nfrom __future__ import annotations\n"),
    "itself": ([], "import web\nfrom web import x\nfrom . import y\nfrom .z import z\n"),
    "what it does without": ([], "try:\n    import click\nexcept ImportError:\n    import jinja as click\n"),
    "what it does without, shortly": (
        [],
        "from contextlib import suppress\nwith suppress(ModuleNotFoundError):\n    import click\n",
    ),
    "types of its own": (["types-click"], "import typing\nif typing.TYPE_CHECKING:\n    import click\n"),
    "types in a group": ([], "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import checker\n"),
    "what no Python of it needs": (["click"], "import sys, click\nif sys.version_info < (3, 9):\n    import older\n"),
    "parts of namespaces": (["cloud-auth", "cloud-storage"], "from cloud import auth\nimport cloud.storage.blobs\n"),
    "a plugin": (["plug"], ""),
    "a command that is run": (["server"], "import subprocess\nsubprocess.run(['serve-it', '--port', '1'])\n"),
    "what is named by a text": (["server"], "APPS = dict(worker='server.workers.Async')\n"),
    "what cannot be told": (["click"], "import click, importlib\nimportlib.import_module(click.name)\n"),
}


@pytest.mark.parametrize("case", CLEAN)
def test_what_is_right_is_not_reported(empty_shop: Shop, case: str) -> None:
    requires, source = CLEAN[case]
    every_package(empty_shop)
    empty_shop.member("web", *requires, lines=_DEV)
    empty_shop.write("packages/web/web.py", source)
    empty_shop.run("lock")
    assert found(empty_shop, "--package", "web", code=0) == []


def test_unused_dependencies_name_their_line_and_what_removes_them(empty_shop: Shop) -> None:
    empty_shop.member("web", "click", "flask")
    empty_shop.write("packages/web/web.py", "import flask\n")
    empty_shop.run("lock")
    result = empty_shop.run("check", "--imports")
    assert "warning[unused-dependency]: packages/web/pyproject.toml:5: web declares click" in result.out
    assert "`interlock remove click --package web`" in result.out
    empty_shop.run("check", "--imports", "--strict", code=1)
    github = empty_shop.run("check", "--imports", "--format", "github").out
    assert github.startswith("::warning file=packages/web/pyproject.toml,line=5,title=unused-dependency::")
    empty_shop.run("remove", "click", "--package", "web", "--no-sync")
    assert found(empty_shop, code=0) == []


def test_the_command_that_is_named_mends_it(empty_shop: Shop) -> None:
    every_package(empty_shop)
    empty_shop.member("web")
    empty_shop.write("packages/web/web.py", "import yaml\nimport other\n")
    empty_shop.run("lock")
    for one in found(empty_shop, "--package", "web", code=1):
        empty_shop.run(*one["command"].split()[1:], "--no-sync")
    assert found(empty_shop, "--package", "web", code=0) == []


def test_tests_may_import_what_groups_have_and_sources_may_not(empty_shop: Shop) -> None:
    every_package(empty_shop)
    empty_shop.member("web", lines=_DEV)
    empty_shop.write("packages/web/tests/conftest.py", "import checker, helping\n")
    empty_shop.write("packages/web/tests/helping.py", "import web\n")
    empty_shop.write("packages/web/tests/test_web.py", "import click\n")
    empty_shop.write("packages/web/docs/conf.py", "import sphinx\n")
    empty_shop.write("packages/web/noxfile.py", "import nox\n")
    empty_shop.write("packages/web/.venv/lib/bad.py", "import jinja\n")
    empty_shop.write("packages/web/examples/small/pyproject.toml", "")
    empty_shop.write("packages/web/examples/small/small.py", "import jinja\n")
    empty_shop.run("lock")
    (one,) = found(empty_shop, "--package", "web", code=1)
    assert (one["package"], one["places"]) == ("click", ["packages/web/tests/test_web.py:1"])
    assert one["command"] == "interlock add click --package web --dev"


def test_groups_of_the_root_are_for_the_tests_of_all(empty_shop: Shop) -> None:
    root = empty_shop.root / "pyproject.toml"
    root.write_text(root.read_text() + _DEV)
    empty_shop.member("web")
    empty_shop.write("packages/web/tests/test_web.py", "import checker\n")
    empty_shop.run("lock")
    assert found(empty_shop, code=0) == []


@pytest.mark.parametrize("where", ["root", "member"])
def test_names_can_be_set_aside(empty_shop: Shop, where: str) -> None:
    table = '[tool.interlock.imports]\nignore = ["Click", "nowhere", "jinja"]\n'
    root = empty_shop.root / "pyproject.toml"
    if where == "root":
        root.write_text(root.read_text() + table)
    empty_shop.member("web", "click", "flask", lines=table if where == "member" else "")
    empty_shop.write("packages/web/web.py", "import flask, nowhere, jinja\n")
    empty_shop.run("lock")
    assert found(empty_shop, code=0) == []


def test_a_table_that_is_wrong_is_told_with_its_line(empty_shop: Shop) -> None:
    empty_shop.member("web", lines='[tool.interlock.imports]\nignore = ["not a name"]\nleave = 1\n')
    with empty_shop.unchanged():
        result = empty_shop.run("check", "--imports", code=1)
    assert "packages/web/pyproject.toml:7: `tool.interlock.imports.ignore` has `not a name`" in result.err
    assert "`tool.interlock.imports.leave` is not a known key" in result.err


def test_a_folder_with_src_offers_what_is_in_it(empty_shop: Shop) -> None:
    every_package(empty_shop)
    for name in ("acme-db", "acme-web"):
        empty_shop.member(name)
        (empty_shop.root / f"packages/{name}/{name.replace('-', '_')}.py").unlink()
    empty_shop.write("packages/acme-db/src/acme/db/__init__.py", "import acme.db.tables\n")
    empty_shop.write("packages/acme-db/src/acme/db/tables.py", "")
    empty_shop.write("packages/acme-web/src/acme/web.py", "from acme import web, db\n")
    empty_shop.run("lock")
    assert [one for one in told(empty_shop) if one[1] != "all"] == [
        ("undeclared-import", "acme-web", "acme-db", "packages/acme-web/src/acme/web.py:1")
    ]


def test_what_an_index_has_is_known_without_the_wheel(empty_shop: Shop, packages: Registry) -> None:
    empty_shop.member("web", "py-yaml")
    empty_shop.write("packages/web/web.py", "import yaml\n")
    empty_shop.run("lock")
    assert found(empty_shop, code=0) == []
    asked = len(empty_shop.index.requests)
    assert found(empty_shop, "--offline", code=0) == []
    assert len(empty_shop.index.requests) == asked


def test_packages_of_which_nothing_is_known_are_said_and_not_judged(empty_shop: Shop) -> None:
    empty_shop.member("web", "py-yaml")
    empty_shop.write("packages/web/web.py", "import yaml\n")
    empty_shop.run("lock")
    result = empty_shop.run("--offline", "check", "--imports")
    assert "warning[unknown-modules]: It is not known what py-yaml offer" in result.err
    assert "All set!" in result.err


def test_sources_that_are_no_python_are_named(empty_shop: Shop) -> None:
    empty_shop.member("web")
    empty_shop.write("packages/web/web.py", "import {{ name }}\n")
    empty_shop.run("lock")
    assert "warning[unreadable-source]: packages/web/web.py" in empty_shop.run("check", "--imports").out


def test_wrong_calls_change_nothing(empty_shop: Shop) -> None:
    empty_shop.member("web")
    with empty_shop.unchanged():
        assert "add `--imports`" in empty_shop.run("check", "--package", "web", code=2).err
        empty_shop.run("check", "--imports", code=3)
    empty_shop.run("lock")
    with empty_shop.unchanged():
        assert "no member `wbe`" in empty_shop.run("check", "--imports", "--package", "wbe", code=2).err
