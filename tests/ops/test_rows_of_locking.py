"""What a user of a lock expects and no other test shows: where it lies, when it is fresh, what installing asks for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.shop import Shop
from tests.wheels import make_wheel


def test_it_is_locked_at_the_root_from_any_member(shop: Shop) -> None:
    web = shop.root / "packages/web"
    shop.run("-C", web, "lock")
    assert shop.lockfile.is_file()
    assert not (web / "interlock.lock").exists()
    shop.run("-C", web, "lock", "--check")


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


def test_installing_asks_for_files_alone(shop: Shop) -> None:
    shop.run("lock")
    before = len(shop.index.requests)
    shop.run("sync", "--all-packages", "--cache-dir", shop.root.parent / "fresh")
    asked = [request.path for request in shop.index.requests[before:]]
    assert any(path.endswith(".whl") for path in asked)
    assert not [path for path in asked if path.endswith(".metadata")]


def test_looking_needs_no_index(shop: Shop) -> None:
    shop.run("lock")
    before = len(shop.index.requests)
    for line in ("show", "show --tree", "show jinja", "tree --duplicates", "why safe", "check --lock", "export"):
        shop.run(*line.split(), "--cache-dir", shop.root.parent / "fresh", "--offline")
    assert len(shop.index.requests) == before


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ("--only dev", "checker click"),
        ("--without dev", "click flask jinja safe"),
        ("--no-dev --top-level", "click flask safe"),
        ("--with dev --package catalog", "click"),
        ("--only main --no-truncate", "click flask jinja safe"),
    ],
)
def test_show_is_of_what_is_selected(shop: Shop, flags: str, names: str) -> None:
    shop.run("lock")
    shown = shop.run("show", *flags.split(), "--format", "json").json()["packages"]
    assert [package["name"] for package in shown] == names.split()


def test_duplicates_are_found(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.member("a", "flask==3.0; python_version < '3.12'", "flask==3.1; python_version >= '3.12'")
    shop.run("lock")
    assert [line.split()[:2] for line in shop.run("tree", "--duplicates").out.splitlines() if "flask" in line]
    found = shop.run("tree", "--duplicates", "--json").json()["roots"]
    assert {(node["name"], node["version"]) for node in found} == {("flask", "3.0"), ("flask", "3.1")}


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


def test_a_group_is_upgraded_by_its_name(shop: Shop) -> None:
    shop.run("lock")
    for name in ("checker", "flask", "safe"):
        shop.packages.wheel(name, "9.0")
    shop.run("lock", "--upgrade-group", "dev")
    assert (shop.versions()["checker"], shop.versions()["flask"]) == ("9.0", "3.1")
    assert "no-such-group" in shop.run("lock", "--upgrade-group", "nope", code=2).err


@pytest.mark.parametrize("line", ["sync --frozen --no-install-workspace", "install --no-root --no-directory"])
def test_a_container_installs_what_is_needed_before_the_sources_are_there(
    shop: Shop, tmp_path: Path, line: str
) -> None:
    shop.run("lock")
    first = tmp_path / "image"
    for path in [shop.lockfile, *shop.root.rglob("pyproject.toml")]:
        target = first / path.relative_to(shop.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shop.run("-C", first, *line.split(), "--all-packages", "--no-dev")
    names = set(shop.installed(first / ".venv"))
    assert {"flask", "jinja", "click", "safe"} <= names
    assert not {"web", "catalog", "checker"} & names
    shutil.copytree(shop.root / "packages", first / "packages", dirs_exist_ok=True)
    shop.run("-C", first, "sync", "--locked", "--no-editable", "--all-packages", "--no-dev")
    shutil.rmtree(first / "packages")
    assert shop.can_import("web", environment=first / ".venv")


def test_events_are_lines_for_a_program(shop: Shop) -> None:
    done = shop.spawn("lock", "--log-json")
    events = [json.loads(line) for line in done.err.splitlines()]
    assert done.out == ""
    assert events[0] | {"seconds": 0} == {"event": "started", "seconds": 0, "phase": "resolve", "total": None}
    assert {"flask 3.1", "safe 2.1"} <= {event["item"] for event in events if event["event"] == "advanced"}
    assert events[-1]["event"] == "finished"
    assert [event["seconds"] for event in events] == sorted(event["seconds"] for event in events)
    failed = shop.spawn("sync", "--group", "nope", code=2, INTERLOCK_LOG_JSON="1")
    (last,) = map(json.loads, failed.err.splitlines())
    assert (last["event"], last["error"]["code"]) == ("failed", "no-such-group")
    usage = shop.spawn("sync", "--nope", "--log-json", code=2)
    assert json.loads(usage.err)["error"]["code"] == "unknown-option"


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
