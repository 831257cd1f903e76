"""``interlock debug verify-lock``: what is said of locks that are sound, and of those that are not."""

from __future__ import annotations

import pytest

from tests.shop import Shop


def _break(shop: Shop, before: str, after: str) -> None:
    text = shop.lockfile.read_text()
    assert before in text
    shop.lockfile.write_text(text.replace(before, after))


def test_a_lock_that_was_just_made_is_sound(shop: Shop) -> None:
    shop.run("lock")
    done = shop.run("debug", "verify-lock")
    assert done.out == ""
    assert "2 members and 5 packages: nothing wrong." in done.err
    assert shop.run("debug", "verify-lock", "--json").json() == {
        "ok": True,
        "members": 2,
        "packages": 5,
        "findings": [],
    }


def test_what_is_wrong_is_told_with_member_requirement_and_environment(shop: Shop) -> None:
    shop.member("tool", "checker ; sys_platform == 'linux'")
    shop.run("lock")
    _break(shop, """{"name": "checker", "marker": "sys_platform == 'linux'"}""", """{"name": "click"}""")
    done = shop.run("debug", "verify-lock", code=1)
    assert done.out.splitlines() == [
        'error[missing]: tool asks for checker ; sys_platform == "linux", and the lock has nothing for it. '
        "Where: sys_platform == 'linux'. For: tool.",
        "error[unasked]: The lock gives click to tool, which does not ask for it there. For: tool.",
    ]
    assert "3 members and 5 packages: 2 wrong, 0 notes." in done.err
    missing = shop.run("debug", "verify-lock", "--json", code=1).json()["findings"][0]
    assert (missing["level"], missing["kind"], missing["members"]) == ("error", "missing", ["tool"])
    assert (missing["package"], missing["environment"]) == ("checker", "sys_platform == 'linux'")


def test_a_package_that_lost_what_it_needs_is_told_for_all_who_reach_it(shop: Shop) -> None:
    shop.run("lock")
    _break(shop, '{"name": "safe"}', '{"name": "click"}')
    done = shop.run("debug", "verify-lock", code=1)
    assert "error[missing]: jinja 3.1 asks for safe>=2, and the lock has nothing for it. For: web." in done.out


def test_what_changed_on_the_index_is_told(shop: Shop) -> None:
    shop.run("lock")
    shop.packages.withdraw("click-8.1-py3-none-any.whl")
    done = shop.run("debug", "verify-lock", "--no-cache")
    assert "note[unknown]: click 8.1: what it asks for cannot be known. For: catalog, web." in done.out


def test_an_outdated_lock_is_said_to_be_one(shop: Shop) -> None:
    shop.run("lock")
    shop.member("catalog", "click", "checker>=2")
    done = shop.run("debug", "verify-lock", code=1)
    assert "error[missing]: catalog asks for checker>=2" in done.out or "error[unsatisfied]" in done.out
    assert "The lock is not fresh" in done.err


def test_a_lock_that_is_missing_is_an_error_of_its_own(shop: Shop) -> None:
    shop.refuses("debug", "verify-lock", code=3, error="lock-missing")


@pytest.mark.parametrize("flag", [["--offline"], ["--offline", "--no-cache"]])
def test_without_a_network_the_cache_says_what_it_can(shop: Shop, flag: list[str]) -> None:
    shop.run("lock")
    done = shop.run("debug", "verify-lock", *flag)
    assert ("note[unknown]" in done.out) == ("--no-cache" in flag)
