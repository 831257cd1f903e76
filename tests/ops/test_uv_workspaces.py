"""Workspaces as they were written for uv: ranges of members that do not fit each other, pins that nobody renewed."""

from __future__ import annotations

import sys

import pytest

from tests.shop import Shop
from tests.wheels import make_wheel

HERE = f">=3.{sys.version_info[1]}"
LATER = f">=3.{sys.version_info[1] + 1}"


def warned(err: str, code: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith(f"warning[{code}]: ")]


# ---- ranges of Pythons -----------------------------------------------------------------------------------------------


def test_a_member_that_needs_one_with_a_narrower_range_is_locked_for_that(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.member("core", "click", python=LATER)
    shop.member("app", "core", "safe")
    shop.member("top", "app")
    said = shop.run("lock").err
    assert warned(said, "narrowed-python") == [
        f"warning[narrowed-python]: app, top need core, which needs Python {LATER}: locked for Python {LATER} only."
    ]
    assert {member.name: member.requires_python for member in shop.lock.members} == dict.fromkeys(
        ("app", "core", "top"), LATER
    )
    shop.run("lock", "--check")
    assert warned(shop.run("lock").err, "narrowed-python"), "it is said each time"
    for command in (("sync", "--package", "top"), ("run", "--package", "app", "python", "-c", "0")):
        assert shop.run(*command, code=1).err.startswith(("error[no-interpreter]", "error[python-not-admitted]"))
    assert not (shop.root / ".venv").exists()
    older = f"3.{sys.version_info[1]}"
    for asked in (older, sys.executable):
        said = shop.run("export", "--package", "app", "--python", asked, code=1).err
        assert said.startswith("error[python-not-admitted]: What is exported is locked for Python"), said
    shop.run("export", "--package", "app", "--python", LATER[2:])
    text = shop.run("export", "--package", "app", "--format", "pylock.toml").out
    assert f'requires-python = "{LATER}"' in text
    assert "marker" not in text


def test_an_extra_that_needs_a_newer_python_leaves_the_rest_of_its_member_alone(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.member("core", "click", python=LATER)
    extras = '[project.optional-dependencies]\nfast = ["core"]\n[dependency-groups]\nnew = ["core"]\n'
    shop.member("app", "safe", lines=f"{extras}[tool.interlock.sources]\ncore = {{ workspace = true }}\n")
    said = shop.run("lock").err
    assert f"extra `fast` of app, group `new` of app need core, which needs Python {LATER}" in said
    shop.run("sync", "--package", "app")
    assert shop.installed().keys() == {"app", "safe"}
    for flag, name in (("extra", "fast"), ("group", "new")):
        error = shop.run("sync", "--package", "app", f"--{flag}", name, code=1).err
        said = f"error[python-not-admitted]: The {flag} `{name}` of app is locked for Python {LATER}, but"
        assert error.startswith(said), error
    with_it = shop.run("export", "--package", "app", "--extra", "fast", "--no-hashes", "--no-emit-workspace").out
    assert f"click==8.1 ; python_full_version >= '{LATER[2:]}'" in with_it
    before = shop.lockfile.read_bytes()
    shop.lockfile.unlink()
    shop.run("lock")
    assert shop.lockfile.read_bytes() == before
    shop.member("other", "jinja")
    shop.run("lock")
    assert dict(shop.lock.members[0].table_pythons) == {"extra:fast": LATER, "group:new": LATER}


def test_members_that_share_no_python_are_an_error(empty_shop: Shop) -> None:
    empty_shop.member("core", python=f"<{HERE[2:]}")
    empty_shop.member("app", "core", python=HERE)
    said = empty_shop.refuses("lock", error="no-solution").err
    assert "`app` requires `core` (packages/app/pyproject.toml:5), but there is no Python for both" in said


def test_groups_of_a_virtual_root_are_for_where_all_members_run_when_nothing_else_will_do(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.add(make_wheel("stubs", "1.0", requires_python=LATER))
    root = shop.root / "pyproject.toml"
    root.write_text(f'{root.read_text()}[dependency-groups]\ntyping = ["stubs"]\ndocs = ["click"]\n')
    shop.member("old", "safe")
    shop.member("new", "jinja", python=LATER)
    said = shop.run("lock").err
    assert f"Locked for Python {LATER} only, where all members run." in said
    assert {member.name: dict(member.table_pythons) for member in shop.lock.members} == {
        "": {"group:typing": LATER},
        "new": {},
        "old": {},
    }
    before = shop.lockfile.read_bytes()
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == before
    shop.run("sync", "--package", "old", "--group", "docs")
    assert shop.run("sync", "--package", "old", "--group", "typing", code=1).err.startswith("error[python-not-")


@pytest.mark.parametrize("dialect", ["uv", "interlock"])
def test_what_a_member_cannot_have_on_its_lowest_python_is_an_error_where_uv_does_not_say_otherwise(
    empty_shop: Shop, dialect: str
) -> None:
    """uv locks for the Pythons that all members share; with us a member's range is its own."""
    shop = empty_shop
    shop.write("pyproject.toml", f'[tool.{dialect}.workspace]\nmembers = ["packages/*"]\n')
    shop.packages.add(make_wheel("stubs", "1.0", requires_python=LATER))
    shop.member("old", "stubs")
    shop.member("new", "jinja", python=LATER)
    if dialect == "interlock":
        shop.refuses("lock", error="no-solution")
    else:
        assert warned(shop.run("lock").err, "narrowed-python")
        assert {member.requires_python for member in shop.lock.members} == {LATER}
        found = [one for one in shop.run("check", "--json").json()["findings"] if one["code"] == "narrowed-python"]
        assert [(one["file"], f"locked for {LATER} only" in one["message"]) for one in found] == [
            ("packages/old/pyproject.toml", True)
        ]


# ---- pins that nobody renewed ----------------------------------------------------------------------------------------


def test_a_pin_that_a_member_is_not_in_is_said_and_the_member_taken(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.member("core", "click", version="2.0")
    source = "[tool.interlock.sources]\ncore = { workspace = true }\n"
    shop.member("app", "core==1.0", lines=source)
    shop.member("web", "core<2", lines=source)
    said = shop.run("lock").err
    assert warned(said, "stale-pin") == [
        "warning[stale-pin]: packages/app/pyproject.toml:5: `core==1.0`, and 1 other requirement on it: core is 2.0"
        " here, and taken from the workspace all the same."
    ]
    assert b"2.0" not in shop.lockfile.read_bytes()
    shop.run("sync", "--package", "app")
    assert shop.installed() == {"app": "1.0", "click": "8.1", "core": "2.0"}
    shop.run("lock", "--check")
    found = shop.run("check", "--json").json()["findings"]
    assert [(one["file"], one["level"]) for one in found if one["code"] == "stale-pin"] == [
        ("packages/app/pyproject.toml", "warning"),
        ("packages/web/pyproject.toml", "warning"),
    ]


def test_a_version_that_only_a_build_tells_is_not_asked_for(empty_shop: Shop) -> None:
    shop = empty_shop
    place = shop.member("core", "click")
    manifest = place / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('version = "1.0"', 'dynamic = ["version"]'))
    (place / "in_tree_backend.py").write_text("raise SystemExit('nobody is to build this')\n")
    shop.member("app", "core==0.9", lines="[tool.interlock.sources]\ncore = { workspace = true }\n")
    assert not warned(shop.run("lock").err, "stale-pin")


def test_check_says_which_published_ranges_are_wider_than_what_can_be_installed(empty_shop: Shop) -> None:
    empty_shop.member("core", "click", python=LATER)
    empty_shop.member("app", "core")
    found = empty_shop.run("check", "--json").json()["findings"]
    assert [(one["file"], one["level"]) for one in found if one["code"] == "narrowed-python"] == [
        ("packages/app/pyproject.toml", "warning")
    ]
