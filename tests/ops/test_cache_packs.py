"""A CI's own cache: what one run packed, another one on a fresh machine installs from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from interlock.core.settings.limits import DEFAULT
from interlock.packs.reading import open_pack
from tests.shop import Shop

PACK = "deps.pack"


def held(pack: Path) -> set[str]:
    with open_pack(pack, DEFAULT) as opened:
        return {entry.sha256 for entry in opened.header.entries}


def locked(shop: Shop, *names: str) -> set[str]:
    return {
        artifact.sha256
        for package in shop.lock.packages
        if not names or package.name in names
        for artifact in package.artifacts
    }


def test_a_fresh_machine_installs_offline_from_a_pack(shop: Shop) -> None:
    shop.run("lock")
    shop.run("cache", "pack", "-o", PACK)
    fresh = ("--cache-dir", shop.root.parent / "fresh", "--offline")
    said = shop.run("cache", "unpack", PACK, *fresh)
    assert "Put 5 files of deps.pack into the cache; 0 were there already." in said.err
    shop.index.forget()
    shop.run("sync", "--all-packages", *fresh)
    assert shop.can_import("flask")
    assert shop.installed().keys() >= {"flask", "jinja", "safe", "click", "checker", "web", "catalog"}
    assert shop.index.requests == []


def test_a_pack_holds_what_is_selected_and_nothing_else(shop: Shop) -> None:
    shop.run("lock")
    shop.run("cache", "pack", "-o", PACK)
    assert held(shop.root / PACK) == locked(shop)
    shop.run("cache", "pack", "--for", "catalog", "-o", PACK)
    assert held(shop.root / PACK) == locked(shop, "click")
    shop.run("cache", "pack", "--package", "web", "--no-dev", "-o", PACK)
    assert held(shop.root / PACK) == locked(shop, "click", "flask", "jinja", "safe")


def test_what_an_earlier_pack_has_is_not_fetched_again(shop: Shop) -> None:
    shop.run("lock", "-P", "click==8.0")
    shop.run("cache", "pack", "-o", PACK)
    before = (shop.root / PACK).read_bytes()
    shop.index.forget()
    assert "deps.pack has what is needed: 5 files" in shop.run("cache", "pack", "-o", PACK).err
    assert (shop.index.paths(".whl"), (shop.root / PACK).read_bytes()) == ([], before)
    shop.run("lock", "-P", "click")
    shop.index.forget()
    assert "1 fetched" in shop.run("cache", "pack", "-o", PACK).err
    assert [path.rpartition("/")[2] for path in shop.index.paths() if path.endswith(".whl")] == [
        "click-8.1-py3-none-any.whl"
    ]
    assert held(shop.root / PACK) == locked(shop)
    # The same lock gives the same bytes, whatever pack there was before.
    shop.run("cache", "pack", "-o", "other.pack")
    assert (shop.root / "other.pack").read_bytes() == (shop.root / PACK).read_bytes()


def test_a_damaged_pack_is_refused_whole_and_mended(shop: Shop) -> None:
    shop.run("lock")
    shop.run("cache", "pack", "-o", PACK)
    pack = shop.root / PACK
    whole = pack.read_bytes()
    pack.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    fresh = ("--cache-dir", shop.root.parent / "fresh")
    said = shop.run("cache", "unpack", PACK, *fresh, code=1)
    assert said.err.startswith("error[bad-pack]: deps.pack cannot be used: a frame is not the file")
    assert not list((shop.root.parent / "fresh").glob("wheels-v1/*/*"))
    shop.index.forget()
    assert "1 fetched" in shop.run("cache", "pack", "-o", PACK).err
    assert pack.read_bytes() == whole
    pack.write_bytes(b"not a pack at all, whatever a cache service gave us")
    said = shop.run("cache", "pack", "-o", PACK)
    assert "It is made anew." in said.err
    assert pack.read_bytes() == whole


def test_a_pack_for_another_lock_gives_what_both_name(shop: Shop) -> None:
    shop.run("lock", "-P", "click==8.0")
    shop.run("cache", "pack", "-o", PACK)
    shop.run("lock", "-P", "click")
    said = shop.run("cache", "unpack", PACK, "--cache-dir", shop.root.parent / "fresh")
    assert "Put 4 files" in said.err
    assert "Left 1 file that the lock does not name." in said.err


def test_the_key_is_that_of_the_files_on_this_machine(shop: Shop) -> None:
    shop.run("lock", "-P", "click==8.0")
    key, prefix = (shop.run("cache", "key", *more).out.strip() for more in ((), ("--prefix",)))
    assert key.startswith(prefix)
    assert shop.run("cache", "key", "--json").json() == {"key": key, "prefix": prefix}
    assert shop.run("cache", "pack", "-o", PACK, "--json").json()["key"]["key"] == key
    assert shop.run("cache", "key", "--for", "catalog").out.strip() not in {key, prefix}
    # A member's own version or text is not in the pack, nor in the key.
    shop.write("packages/web/web.py", "NEW = 1\n")
    assert shop.run("cache", "key").out.strip() == key
    shop.run("lock", "-P", "click")
    assert shop.run("cache", "key").out.strip() not in {key, prefix}


def test_keys_need_no_index(shop: Shop) -> None:
    shop.run("lock")
    shop.index.forget()
    shop.run("cache", "key", "--offline", "--cache-dir", shop.root.parent / "fresh")
    assert shop.index.requests == []


def test_a_stale_lock_is_not_packed(shop: Shop) -> None:
    shop.refuses("cache", "key", code=3, error="lock-missing")
    shop.run("lock")
    shop.member("catalog", "click", "checker")
    shop.refuses("cache", "pack", "-o", PACK, code=3, error="lock-outdated")
    shop.run("cache", "pack", "--frozen", "-o", PACK)


def test_source_archives_are_packed_too(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.sdist("plain", "1.0")
    shop.member("app", "plain")
    shop.run("lock")
    shop.run("cache", "pack", "-o", PACK)
    fresh = ("--cache-dir", shop.root.parent / "fresh", "--offline")
    shop.run("cache", "unpack", PACK, *fresh)
    shop.run("sync", "--package", "app", *fresh)
    assert shop.installed().keys() == {"app", "plain"}


def test_a_fetch_that_fails_leaves_the_earlier_pack(shop: Shop) -> None:
    shop.run("lock", "-P", "click==8.0")
    shop.run("cache", "pack", "-o", PACK)
    before = (shop.root / PACK).read_bytes()
    shop.run("lock", "-P", "click")
    shop.packages.withdraw("click-8.1-py3-none-any.whl")
    shop.refuses("cache", "pack", "-o", PACK)
    assert (shop.root / PACK).read_bytes() == before


def test_what_is_missing_on_the_command_line_is_said(shop: Shop) -> None:
    shop.run("lock")
    shop.refuses("cache", "pack", code=2, error="bad-value")
    shop.refuses("cache", "unpack", code=2, error="bad-value")
    shop.refuses("cache", "pack", "--for", "nobody", "-o", PACK, code=2)
    said = shop.refuses("cache", "unpack", "nowhere.pack", error="bad-pack")
    assert "nowhere.pack cannot be used: it cannot be read (no such file or directory)" in said.err
    (shop.root / "folder").mkdir()
    shop.refuses("cache", "unpack", "folder", error="bad-pack")
    shop.refuses("cache", "pack", "-o", "folder", error="not-a-file")
    os.mkfifo(shop.root / "pipe")
    assert "it is no file" in shop.run("cache", "unpack", "pipe", code=1).err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not bind this user")
def test_a_place_that_cannot_be_written_to_is_told(shop: Shop) -> None:
    shop.run("lock")
    (shop.root / "closed").mkdir(mode=0o500)
    shop.run("cache", "pack", "-o", "closed/deps.pack", code=1)
    assert list((shop.root / "closed").iterdir()) == []
