"""A group's own range of Pythons: for everything that is done with the group, and for nothing else."""

from __future__ import annotations

import sys

import pytest

from tests.shop import Shop

_NEXT = f"3.{sys.version_info.minor + 1}"
"""A Python that this is not."""
_LATER = f'requires-python = ">={_NEXT}"'

_MANIFESTS = {
    "uv": f"[dependency-groups]\nlater = ['jinja']\n[tool.uv]\ndependency-groups = {{ later = {{ {_LATER} }} }}\n",
    "interlock": f"[dependency-groups]\nlater = ['jinja']\n[tool.interlock.dependency-groups.later]\n{_LATER}\n",
    "by an include": (
        "[dependency-groups]\nlater = [{ include-group = 'middle' }]\nmiddle = ['jinja', { include-group = 'low' }]\n"
        f"low = ['safe']\n[tool.uv.dependency-groups]\nlow = {{ {_LATER} }}\n"
    ),
    "by an include with a range of its own": (
        "[dependency-groups]\nlater = ['jinja', { include-group = 'low' }]\nlow = ['safe']\n"
        f"[tool.uv.dependency-groups]\nlater = {{ requires-python = '>=3.9' }}\nlow = {{ {_LATER} }}\n"
    ),
    "spelt otherwise": (
        f"[dependency-groups]\nLater = ['jinja']\n[tool.uv.dependency-groups]\nLATER = {{ {_LATER} }}\n"
    ),
    "with markers": (
        "[dependency-groups]\nlater = [\"jinja ; sys_platform != 'none'\"]\n"
        f"[tool.uv.dependency-groups]\nlater = {{ {_LATER} }}\n"
    ),
}


@pytest.fixture(params=_MANIFESTS)
def grouped(request: pytest.FixtureRequest, empty_shop: Shop) -> Shop:
    """``app`` needs ``click``, and its group ``later`` needs ``jinja`` on a later Python."""
    dialect = "interlock" if request.param == "interlock" else "uv"
    empty_shop.write("pyproject.toml", f'[tool.{dialect}.workspace]\nmembers = ["packages/*"]\n')
    empty_shop.member("app", "click", lines=_MANIFESTS[request.param])
    empty_shop.run("lock")
    return empty_shop


@pytest.mark.parametrize(
    "command",
    [
        ("sync", "--group", "later"),
        ("sync", "--only-group", "later"),
        ("sync", "--all-groups"),
        ("sync", "--frozen", "--group", "later"),
        ("install", "--group", "later"),
        ("run", "--group", "later", "python", "-c", "pass"),
        ("deploy", "--group", "later", "-o", "out"),
    ],
)
def test_an_environment_with_the_group_needs_its_python(grouped: Shop, command: tuple[str, ...]) -> None:
    refused = grouped.run(command[0], "--package", "app", *command[1:], code=1)
    assert _NEXT in refused.err
    assert not (grouped.root / ".venv").exists()
    assert not (grouped.root / "out").exists()


def test_without_the_group_any_python_of_the_member_will_do(grouped: Shop) -> None:
    grouped.run("sync", "--package", "app")
    assert grouped.installed().keys() == {"app", "click"}
    refused = grouped.run("sync", "--package", "app", "--group", "later", code=1)
    assert _NEXT in refused.err
    assert grouped.installed().keys() == {"app", "click"}


def test_exports_say_where_the_group_holds(grouped: Shop) -> None:
    options = ("--package", "app", "--no-emit-workspace")
    lines = grouped.run("export", *options, "--group", "later", "--no-hashes", "--no-annotate").out.splitlines()
    told = {line.partition("==")[0]: line.partition(" ; ")[2] for line in lines if "==" in line}
    assert told["click"] == ""
    assert told["jinja"].startswith(f"python_full_version >= '{_NEXT}'")
    assert told["safe"].startswith(f"python_full_version >= '{_NEXT}'")
    pylock = grouped.run("export", *options, "--format", "pylock", "--group", "later").out
    assert f"python_full_version >= '{_NEXT}'" in pylock


def test_the_lock_is_fresh_and_stale_when_the_range_becomes_another(grouped: Shop) -> None:
    before = grouped.lockfile.read_bytes()
    grouped.run("lock", "--check")
    grouped.run("lock", "--upgrade")
    assert grouped.lockfile.read_bytes() == before
    manifest = grouped.manifest("app")
    manifest.write_text(manifest.read_text().replace(f">={_NEXT}", ">=3.11"))
    grouped.run("lock", "--check", code=3)
    grouped.run("lock")
    grouped.run("sync", "--package", "app", "--group", "later")
    assert grouped.installed().keys() >= {"click", "jinja", "safe"}


def test_a_default_group_has_its_python_too(empty_shop: Shop) -> None:
    """As for any group; without it the environment can be made."""
    lines = f"[dependency-groups]\ndev = ['jinja']\n[tool.interlock.dependency-groups.dev]\n{_LATER}\n"
    empty_shop.member("app", "click", lines=lines)
    empty_shop.run("lock")
    assert _NEXT in empty_shop.run("sync", "--package", "app", code=1).err
    empty_shop.run("sync", "--package", "app", "--no-dev")
    assert empty_shop.installed().keys() == {"app", "click"}


def test_a_group_of_a_virtual_root_has_its_python_too(empty_shop: Shop) -> None:
    empty_shop.write(
        "pyproject.toml",
        "[tool.interlock.workspace]\nmembers = ['packages/*']\n[dependency-groups]\nlater = ['jinja']\n"
        f"[tool.interlock.dependency-groups.later]\n{_LATER}\n",
    )
    empty_shop.member("app", "click")
    empty_shop.run("lock")
    assert _NEXT in empty_shop.run("sync", "--group", "later", code=1).err
    out = empty_shop.run("export", "--group", "later", "--no-hashes", "--no-annotate").out
    assert f"python_full_version >= '{_NEXT}'" in out


def test_what_only_newer_pythons_can_have_is_found_for_the_group(empty_shop: Shop) -> None:
    empty_shop.packages.wheel("newest", "1.0")
    empty_shop.packages.wheel("newest", "2.0", requires_python=f">={_NEXT}")
    lines = f"[dependency-groups]\nlater = ['newest>=2']\n[tool.uv.dependency-groups]\nlater = {{ {_LATER} }}\n"
    empty_shop.write("pyproject.toml", '[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    empty_shop.member("app", "click", lines=lines)
    empty_shop.run("lock")
    assert empty_shop.versions()["newest"] == "2.0"


def test_a_range_for_a_group_that_is_not_there_is_told(empty_shop: Shop) -> None:
    empty_shop.member("app", "click", lines=f"[tool.uv.dependency-groups]\nlater = {{ {_LATER} }}\n")
    assert "there is no dependency group `later`" in empty_shop.run("lock").err
