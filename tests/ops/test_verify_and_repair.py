"""`env verify`, `env repair` and `cache verify`: whatever hand was laid on one file, it is found and mended."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.store.layout import Bucket
from tests.shop import Shop
from tests.wheels import make_wheel

Way = Callable[[Path, random.Random], None]


def changed(path: Path, rng: random.Random) -> None:
    """One byte is another one, in a file of its own."""
    data = bytearray(path.read_bytes()) or bytearray(b"\0")
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(7)
    path.unlink()
    path.write_bytes(data)


def changed_in_place(path: Path, rng: random.Random) -> None:
    """The same without making the file anew: whoever links to it sees the change."""
    with path.open("r+b") as file:
        data = file.read()
        file.seek(rng.randrange(len(data)) if data else 0)
        file.write(b"\x01")


def truncated(path: Path, rng: random.Random) -> None:
    data = path.read_bytes() or b"\n\n"
    path.unlink()
    path.write_bytes(data[: rng.randrange(len(data))] if len(data) > 2 else b"x")


def deleted(path: Path, rng: random.Random) -> None:
    del rng
    path.unlink()


def replaced_by_a_link(path: Path, rng: random.Random) -> None:
    del rng
    copy = path.with_name(f"{path.name}-beside")
    copy.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(copy)


APART: dict[str, Way] = {way.__name__: way for way in (changed, truncated, deleted, replaced_by_a_link)}


@pytest.fixture
def whole(shop: Shop) -> Shop:
    """An environment with all that there is: commands, data, shared and empty files, trees, a compiled module."""
    shop.packages.add(
        make_wheel(
            "tool",
            "1.0",
            files={"tool/__init__.py": "", "tool/main.py": "def main(): pass\n", "tool/empty/__init__.py": ""},
            entry_points={"console_scripts": {"tool": "tool.main:main"}},
            data={"scripts/tool-sh": "#!/bin/sh\n", "scripts/tool-py": "#!python\n", "data/share/tool.txt": "a, b\n"},
        )
    )
    shop.packages.add(make_wheel("odd", "1.0", files={'odd/a,"b.txt': "x\n", "tests/x.py": "1\n"}))
    shop.packages.add(make_wheel("other", "1.0", files={"other.py": "", "tests/x.py": "2\n"}))
    shop.member("app", "tool", "odd", "other", "web")
    shop.run("lock")
    return shop


def environment(shop: Shop) -> dict[str, tuple[str, bytes]]:
    """What is in the environment's packages and commands, by path."""
    root = shop.root / ".venv"
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith(".interlock") or "__pycache__" in name or (path.is_dir() and not path.is_symlink()):
            continue
        found[name] = ("link", os.readlink(path).encode()) if path.is_symlink() else ("file", path.read_bytes())
    return found


def listed(shop: Shop) -> list[Path]:
    """Every file that a RECORD of the environment lists."""
    root = shop.root / ".venv"
    infos = root.glob("lib/*/site-packages/*.dist-info")
    known = [path for info in infos for path in info.rglob("*") if path.is_file()]
    site = next(root.glob("lib/*/site-packages"))
    known += [path for path in site.rglob("*") if path.is_file() and ".dist-info" not in path.as_posix()]
    known += [root / "bin/tool", root / "bin/tool-sh", root / "bin/tool-py", root / "share/tool.txt"]
    return sorted({path for path in known if "__pycache__" not in path.as_posix()})


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_to_one_file_is_found_and_mended(whole: Shop, seed: int) -> None:
    whole.run("sync", "--all-packages")
    fresh = environment(whole)
    whole.run("env", "verify")
    rng = random.Random(seed)
    files = listed(whole)
    assert len(files) > 40
    for path in files:
        way = rng.choice(sorted(APART))
        name = path.relative_to(whole.root / ".venv").as_posix()
        APART[way](path, rng)
        if environment(whole) == fresh:
            continue
        verified = whole.run("env", "verify", "--json", code=1).json()
        # A RECORD that says something else of a file may put the blame on that one.
        assert verified["damaged"], (way, name)
        if not name.endswith("/RECORD"):
            assert name in {file["path"] for one in verified["damaged"] for file in one["files"]}, (way, name)
        repaired = whole.run("--offline", "env", "repair", "--json", code=None).json()
        assert repaired["ok"], (way, name, repaired)
        path.with_name(f"{path.name}-beside").unlink(missing_ok=True)
        now = environment(whole)
        assert now == fresh, (way, name, [key for key in fresh if now.get(key) != fresh[key]], now.keys() - fresh)
    whole.run("env", "verify")
    whole.run("cache", "verify")


@pytest.mark.parametrize("mode", ["symlink", "copy", "clone"])
def test_links_into_the_store_are_as_good_as_files(whole: Shop, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LINK_MODE", mode)
    whole.run("sync", "--all-packages")
    fresh = environment(whole)
    whole.run("env", "verify")
    site = next((whole.root / ".venv").glob("lib/*/site-packages"))
    (site / "other.py").unlink()
    whole.run("env", "verify", code=1)
    whole.run("env", "repair")
    assert environment(whole) == fresh


def test_a_change_that_the_store_shares_is_told_and_mended_with_the_index(whole: Shop) -> None:
    whole.run("sync", "--all-packages")
    fresh = environment(whole)
    site = next((whole.root / ".venv").glob("lib/*/site-packages"))
    if (site / "tool/main.py").stat().st_nlink == 1:
        pytest.skip("no hard links here")
    changed_in_place(site / "tool/main.py", random.Random(1))
    found = whole.run("cache", "verify", "--json", code=1).json()
    assert [problem["problems"] for problem in found["problems"]] == [["tool/main.py was changed"]]
    left = whole.run("--offline", "env", "repair", code=1)
    assert left.out == "tool: cannot be repaired: the store's copy of its wheel was damaged too, and was dropped\n"
    whole.run("cache", "verify")
    whole.run("sync", "--all-packages", "--reinstall-package", "tool")
    assert environment(whole) == fresh
    whole.run("env", "verify")


def test_what_was_built_here_is_unpacked_again_where_the_store_shares_the_change(whole: Shop) -> None:
    whole.run("sync", "--all-packages", "--no-editable")
    fresh = environment(whole)
    changed_in_place(next((whole.root / ".venv").glob("lib/*/site-packages/catalog.py")), random.Random(1))
    assert whole.run("--offline", "env", "repair").out == "catalog: repaired (1 file)\n"
    assert environment(whole) == fresh
    whole.run("cache", "verify")


def test_what_cannot_be_repaired_is_named_and_left_alone(whole: Shop) -> None:
    whole.run("sync", "--all-packages")
    site = next((whole.root / ".venv").glob("lib/*/site-packages"))
    (site / "other.py").unlink()
    (site / "other.py").mkdir()
    (site / "other.py/mine.txt").write_text("mine")
    (site / "safe.py").unlink()
    whole.run("cache", "clean", "safe")
    (site / "click.py").unlink()
    result = whole.run("env", "repair", "--json", code=1).json()
    assert [one["name"] for one in result["repaired"]] == ["click"]
    assert {one["name"]: one["why"].partition(",")[0] for one in result["left"]} == {
        "other": f"a folder is in the place of {(site / 'other.py').relative_to(whole.root / '.venv')}",
        "safe": "the store does not have the wheel that it came from",
    }
    assert (site / "other.py/mine.txt").read_text() == "mine"
    assert (site / "click.py").exists()


def test_what_others_installed_is_looked_at_and_left_to_them(whole: Shop) -> None:
    whole.run("sync", "--all-packages")
    site = next((whole.root / ".venv").glob("lib/*/site-packages"))
    info = site / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("theirs.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nlost.py,,\n")
    (site / "theirs.py").write_text("")
    (site / "old-1.0.egg-info").write_text("Name: old\n")
    result = whole.run("env", "repair", "--json", code=1).json()
    assert result["unchecked"] == ["old"]
    assert [(one["name"], one["why"], [file["problem"] for file in one["files"]]) for one in result["left"]] == [
        ("theirs", "it was installed by pip, which has to install it again", ["is missing"])
    ]


def test_whatever_happens_to_one_file_of_the_store_is_found_and_dropped(
    whole: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_LINK_MODE", "copy")
    whole.packages.sdist("built", "1.0")
    whole.member("last", "built")
    whole.run("sync", "--all-packages")
    whole.run("build", "--package", "catalog")
    fresh = environment(whole)
    report = whole.run("cache", "verify", "--json").json()
    assert set(report["checked"]) | set(report["skipped"]) <= set(Bucket)
    rng = random.Random(1)
    looked_at = [whole.cache / bucket for bucket in ("wheels-v1", "sdists-v1", "built-v1")]
    files = [path for bucket in looked_at for path in sorted(bucket.rglob("*")) if path.is_file()]
    notes = {"result.msgpack", "record.msgpack"}
    for path in [path for path in files if path.name not in notes and "logs" not in path.parts]:
        way = rng.choice(sorted(APART))
        gone = way == "deleted" and path.parts[-3] == "sdists-v1"
        if gone or not path.exists():
            continue
        APART[way](path, rng)
        shown = path.relative_to(whole.cache).as_posix()
        found = whole.run("cache", "verify", "--json", code=1).json()["problems"]
        assert any(shown.startswith(problem["entry"]) for problem in found), (way, shown, found)
        assert whole.run("cache", "verify", "--repair", "--json").json()["ok"], (way, shown)
        path.with_name(f"{path.name}-beside").unlink(missing_ok=True)
        whole.run("cache", "verify")
        whole.run("sync", "--all-packages", "--reinstall", "-q")
        assert environment(whole) == fresh, (way, shown)


def test_pages_and_metadata_that_cannot_be_read_are_dropped(whole: Shop) -> None:
    whole.run("sync", "--all-packages")
    for bucket in ("pages-v5", "metadata-v1"):
        path = next(path for path in sorted((whole.cache / bucket).rglob("*")) if path.is_file())
        path.write_bytes(path.read_bytes()[:-3])
    told = whole.run("cache", "verify", code=1)
    assert told.out.count("it cannot be read") == 2
    assert "--repair" in told.err
    assert whole.run("cache", "verify", "--repair").out.count(": dropped") == 2
    whole.run("cache", "verify")


def test_a_store_that_is_not_there_is_not_made(empty_shop: Shop) -> None:
    assert empty_shop.run("cache", "verify", "--json").json()["checked"] == {}
    assert not (empty_shop.cache / "wheels-v1").exists()
