"""Files that are newer than a cutoff do not exist; a window moves on with time and makes nothing stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.shop import Shop
from tests.wheels import make_sdist, make_wheel


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


def test_what_is_newest_keeps_to_the_cutoff_and_to_constraints(empty_shop: Shop) -> None:
    shop = empty_shop
    for version, day in (("1.0", "01"), ("1.1", "02"), ("2.0", "20")):
        built = make_wheel("thing", version)
        shop.packages.publish(built, upload_time=f"2025-01-{day}T00:00:00Z")
    shop.member("app", "thing")
    manifest = shop.root / "pyproject.toml"
    manifest.write_text(manifest.read_text() + '[tool.interlock]\nconstraint-dependencies = ["thing<1.1"]\n')
    shop.run("lock")
    text = manifest.read_text()
    manifest.write_text(text.replace("<1.1", "<2"))
    (line,) = shop.run("outdated", "--json").json()["packages"]
    assert (line["locked"], line["compatible"], line["latest"]) == ("1.0", "1.1", "2.0")
    (line,) = shop.run("outdated", "--exclude-newer", "2025-01-10", "--json").json()["packages"]
    assert (line["compatible"], line["latest"]) == ("1.1", "1.1")
    manifest.write_text(manifest.read_text() + 'exclude-newer-package = { thing = "2025-01-10" }\n')
    (line,) = shop.run("outdated", "--json").json()["packages"]
    assert (line["compatible"], line["latest"]) == ("1.1", "1.1")


def test_one_package_is_let_off_the_cutoff(empty_shop: Shop) -> None:
    shop = empty_shop
    for name in ("first", "second"):
        shop.packages.publish(make_wheel(name, "1.0"), upload_time="2025-01-01T00:00:00Z")
        shop.packages.publish(make_wheel(name, "2.0"), upload_time="2025-03-01T00:00:00Z")
    root = shop.root / "pyproject.toml"
    root.write_text(
        '[tool.interlock]\nexclude-newer = "2025-02-01"\nexclude-newer-package = { second = false }\n'
        + root.read_text()
    )
    shop.member("web", "first", "second")
    shop.run("lock")
    assert shop.versions() == {"first": "1.0", "second": "2.0"}
    shop.run("lock", "--check")
