"""A CI's own cache: what one run packed, another one on a fresh machine installs from."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from interlock.core.settings.limits import DEFAULT
from interlock.packs.header import PRELUDE, Form
from interlock.packs.reading import open_pack
from interlock.packs.writing import Content, write_pack
from tests.shop import Shop
from tests.wheels import BACKEND, Built, make_wheel

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


@pytest.fixture
def built(empty_shop: Shop) -> Shop:
    """A member and a source archive that are built with a package of the index."""
    shop = empty_shop
    shop.packages.wheel("helper", "1.0")
    backend = (
        BACKEND + "\nimport helper\n\n\ndef get_requires_for_build_editable(settings=None):\n    return ['late']\n"
    )
    shop.packages.wheel("late", "1.0")
    shop.packages.add(make_wheel("backend", "1.0", requires=["helper"], files={"backend.py": backend}))
    shop.packages.wheel("click", "8.1")
    manifest = shop.member("app", "click") / "pyproject.toml"
    text = manifest.read_text()
    start = text.index("[build-system]")
    manifest.write_text(text[:start] + '[build-system]\nrequires = ["backend"]\nbuild-backend = "backend"\n')
    shop.run("lock")
    return shop


def test_members_are_built_offline_with_what_a_trusted_pack_has(built: Shop) -> None:
    built.run("cache", "pack", "-o", PACK)
    with open_pack(built.root / PACK, DEFAULT) as opened:
        assert len(opened.header.entries) == 4
        assert [[one.name for one in build.wanted] for build in opened.header.builds if len(build.wanted) == 3]
    fresh = ("--cache-dir", built.root.parent / "fresh", "--offline")
    said = built.run("cache", "unpack", PACK, *fresh)
    assert "Put 1 file of deps.pack" in said.err
    assert "Left what members are built with" in said.err
    built.run("sync", "--package", "app", *fresh, code=1)
    assert "Put 3 files" in built.run("cache", "unpack", "--trust-builds", PACK, *fresh).err
    built.index.forget()
    built.run("sync", "--package", "app", *fresh)
    built.run("sync", "--package", "app", "--no-editable", "--reinstall", *fresh)
    assert built.can_import("app")
    assert built.index.requests == []


def test_what_is_built_with_stays_the_same_bytes_and_can_be_left_out(built: Shop) -> None:
    built.run("cache", "pack", "-o", PACK)
    before = (built.root / PACK).read_bytes()
    assert "has what is needed" in built.run("cache", "pack", "-o", PACK).err
    built.run("cache", "pack", "-o", "again.pack", "--cache-dir", built.root.parent / "fresh")
    assert (built.root / "again.pack").read_bytes() == before
    built.run("cache", "pack", "--no-builds", "-o", PACK)
    assert held(built.root / PACK) == locked(built)


def test_builds_that_a_pack_makes_up_are_not_believed(built: Shop) -> None:
    """Whoever writes the pack could say that another file is the backend: nothing of it is taken without trust."""
    built.run("cache", "pack", "-o", PACK)
    evil = make_wheel("backend", "1.0", files={"backend.py": "raise SystemExit('evil')\n"})
    path = built.root / evil.filename
    path.write_bytes(evil.data)
    sha256 = hashlib.sha256(evil.data).hexdigest()
    with open_pack(built.root / PACK, DEFAULT) as opened:
        evil_one = next(one for build in opened.header.builds for one in build.wanted if one.name == "backend")
        assert evil_one.artifact is not None
        evil_one = replace(evil_one, artifact=replace(evil_one.artifact, sha256=sha256))
        builds = tuple(
            replace(
                build,
                wanted=tuple(evil_one if one.name == "backend" else one for one in build.wanted),
            )
            for build in opened.header.builds
        )
        content = Content(sha256=sha256, form=Form.WHEEL, path=path)
        write_pack(built.root / "evil.pack", [content], None, builds)
    fresh = built.root.parent / "fresh"
    built.run("cache", "unpack", "evil.pack", "--cache-dir", fresh)
    assert not list(fresh.glob("wheels-v1/*/*"))
    assert not list(fresh.glob("build-envs-v1/answers/*"))
    # With trust the environment's own digest still has to be that of its files.
    built.run("cache", "unpack", "--trust-builds", "evil.pack", "--cache-dir", fresh)
    assert "evil" not in built.run("sync", "--package", "app", "--cache-dir", fresh, "--offline", code=1).err


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "../../x"},
        {"digest": "y"},
        {"wanted": [{"name": "a", "version": "1", "source": {"type": "path", "path": "/etc"}}]},
        {"wanted": [{"name": "a", "version": "1", "source": {"type": "index", "index": "x"}}]},
        {"wanted": "everything"},
    ],
)
def test_builds_that_cannot_be_are_refused(shop: Shop, wrong: dict[str, object]) -> None:
    shop.run("lock")
    build = {"question": "a" * 64, "digest": "b" * 64, "wanted": [], **wrong}
    text = msgspec.json.encode({"version": 1, "entries": [], "builds": [build]})
    prelude = PRELUDE.pack(b"ilpack1\n", len(text), hashlib.sha256(text).digest())
    (shop.root / PACK).write_bytes(prelude + text)
    shop.refuses("cache", "unpack", "--trust-builds", PACK, error="bad-pack")


@pytest.mark.network
@pytest.mark.slow
def test_members_of_hatchling_are_built_offline_on_a_new_machine(empty_shop: Shop, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--only-binary", ":all:"]
    subprocess.run([*pip, "--dest", str(tmp_path / "wheels"), "hatchling", "editables~=0.3"], check=True)
    shop = empty_shop
    for path in sorted((tmp_path / "wheels").iterdir()):
        with zipfile.ZipFile(path) as archive:
            metadata = archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))
        name, version = path.name.split("-")[:2]
        data = path.read_bytes()
        shop.packages.add(Built(name=name, version=version, filename=path.name, data=data, metadata=metadata))
    manifest = shop.member("app") / "pyproject.toml"
    text = manifest.read_text()
    build = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    manifest.write_text(text[: text.index("[build-system]")] + build)
    shop.run("lock")
    shop.run("cache", "pack", "-o", PACK)
    fresh = ("--cache-dir", tmp_path / "fresh", "--offline")
    shop.run("cache", "unpack", "--trust-builds", PACK, *fresh)
    shop.index.forget()
    shop.run("sync", "--package", "app", *fresh)
    shop.run("sync", "--package", "app", "--no-editable", "--reinstall", *fresh)
    assert shop.can_import("app")
    assert shop.index.requests == []
