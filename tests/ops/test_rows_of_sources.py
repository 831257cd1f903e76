"""Where packages come from, from the command line to the environment: indexes, credentials, folders, git-lfs."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import registry
from tests.shop import Shop
from tests.wheels import BACKEND, Built, make_sdist, make_wheel

MakeIndex = Callable[..., IndexServer]


def index_table(name: str, url: str, *more: str) -> str:
    return "\n".join(["[[tool.interlock.index]]", f'name = "{name}"', f'url = "{url}"', *more, ""])


def at_the_root(shop: Shop, *tables: str) -> None:
    root = shop.root / "pyproject.toml"
    root.write_text(root.read_text() + "".join(tables))


def indexes_in_the_lock(shop: Shop) -> dict[str, str]:
    return {package.name: getattr(package.source, "index", "") for package in shop.lock.packages}


# ---- several indexes -------------------------------------------------------------------------------------------------


def test_an_internal_name_with_a_higher_version_elsewhere_stays_internal(empty_shop: Shop, index: MakeIndex) -> None:
    shop, house = empty_shop, index(registry(ours={"1.0": []}))
    shop.packages.wheel("ours", "99.0")
    at_the_root(shop, index_table("house", house.url))
    shop.member("web", "ours", "click")
    shop.run("sync", "--package", "web")
    assert shop.versions() == {"click": "8.1", "ours": "1.0"}
    assert shop.installed()["ours"] == "1.0"
    assert shop.index.paths("/ours/") == []
    assert indexes_in_the_lock(shop) == {"click": "pypi", "ours": "house"}


def test_an_explicit_index_is_asked_for_what_is_pinned_to_it_and_nothing_else(
    empty_shop: Shop, index: MakeIndex
) -> None:
    shop, hidden = empty_shop, index(registry(click={"99.0": []}, torch={"2.0": ["safe"]}, safe={"99.0": []}))
    at_the_root(
        shop,
        index_table("hidden", hidden.url, "explicit = true"),
        '[tool.interlock.sources]\ntorch = { index = "hidden" }\n',
    )
    shop.member("web", "click", "torch")
    shop.run("lock")
    assert shop.versions() == {"click": "8.1", "safe": "2.1", "torch": "2.0"}
    assert indexes_in_the_lock(shop) == {"click": "pypi", "safe": "pypi", "torch": "hidden"}
    assert hidden.paths("/click/") == []
    assert hidden.paths("/safe/") == [], "what is pinned does not pin what it needs"


def test_a_poetry_source_takes_the_place_of_the_default_index_unless_that_is_named(
    empty_shop: Shop, index: MakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, house = empty_shop, index(registry(ours={"1.0": []}))
    project = (
        '[tool.poetry]\nname = "app"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\nours = "^1"\nclick = "^8"\n'
        f'[[tool.poetry.source]]\nname = "house"\nurl = "{house.url}"\n'
    )
    (shop.root / "pyproject.toml").write_text(project)
    monkeypatch.delenv("INTERLOCK_DEFAULT_INDEX")
    said = shop.refuses("lock", error="no-solution")
    assert "no index has a package `click` (asked: house)" in said.err
    assert shop.index.requests == []
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", shop.index.url)
    (shop.root / "pyproject.toml").write_text(project + '[[tool.poetry.source]]\nname = "pypi"\n')
    shop.run("lock")
    assert indexes_in_the_lock(shop) == {"click": "pypi", "ours": "house"}


# ---- folders of files ------------------------------------------------------------------------------------------------


def test_a_folder_of_files_is_all_that_is_needed(empty_shop: Shop, tmp_path: Path) -> None:
    shop, folder = empty_shop, tmp_path / "links"
    folder.mkdir()
    for built in (
        make_wheel("parts", "1.0", requires=["bolts>=2"]),
        make_wheel("parts", "0.9"),
        make_sdist("bolts", "2.0"),
    ):
        (folder / built.filename).write_bytes(built.data)
    shop.member("web", "parts")
    alone = ("--no-index", "--find-links", folder, "--offline")
    shop.run("lock", *alone)
    assert shop.versions() == {"bolts": "2.0", "parts": "1.0"}
    assert str(tmp_path) not in shop.lockfile.read_text()
    assert all(file.sha256 for package in shop.lock.packages for file in package.artifacts)
    before = shop.lockfile.read_bytes()
    shop.run("sync", "--package", "web", *alone)
    assert shop.installed() == {"bolts": "2.0", "parts": "1.0", "web": "1.0"}
    assert shop.lockfile.read_bytes() == before
    shop.run("lock", "--check", *alone)
    assert shop.index.requests == []
    changed = make_wheel("parts", "1.0", requires=["bolts>=2"], files={"parts.py": "EVIL = True\n"})
    (folder / changed.filename).write_bytes(changed.data)
    shop.run("env", "remove")
    assert "digest-mismatch" in shop.run("sync", *alone, "--cache-dir", tmp_path / "new", code=1).err


# ---- what is fetched -------------------------------------------------------------------------------------------------


def test_locking_fetches_metadata_and_no_wheel(shop: Shop) -> None:
    shop.run("lock")
    assert shop.index.paths(".whl.metadata")
    assert [path for path in shop.index.paths() if path.endswith(".whl")] == []


def test_offline_everything_comes_from_the_store(shop: Shop) -> None:
    shop.run("sync")
    installed = shop.installed()
    shop.run("env", "remove")
    shop.lockfile.unlink()
    shop.index.forget()
    shop.run("sync", "--offline")
    assert shop.installed() == installed
    assert shop.index.requests == []


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


# ---- who asks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["variables", "netrc"])
def test_credentials_come_from_the_environment_and_stay_out_of_everything(
    empty_shop: Shop, index: MakeIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    shop, house = empty_shop, index(registry(ours={"1.0": []}), credentials=("ann", "s3cret"))
    at_the_root(shop, index_table("my-house.2", house.url))
    shop.member("web", "ours")
    shop.refuses("lock", error="unauthorized")
    if way == "variables":
        monkeypatch.setenv("INTERLOCK_INDEX_MY_HOUSE_2_USERNAME", "ann")
        monkeypatch.setenv("INTERLOCK_INDEX_MY_HOUSE_2_PASSWORD", "s3cret")
    else:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ann password s3cret\n")
        monkeypatch.setenv("NETRC", str(netrc))
    said = shop.run("sync", "--package", "web", "-vv")
    assert shop.installed()["ours"] == "1.0"
    assert "s3cret" not in said.out + said.err
    for folder in (shop.root, shop.cache):
        for path in folder.rglob("*"):
            assert not path.is_file() or b"s3cret" not in path.read_bytes(), path


def test_credentials_of_a_url_do_not_reach_the_notes_of_the_environment(
    empty_shop: Shop, index: MakeIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop = empty_shop
    house = index(registry(parts={"1.0": []}), layout="{filename}", credentials=("ann", "s3cret"))
    url = house.root.replace("://", "://ann:s3cret@") + "/parts-1.0-py3-none-any.whl"
    shop.member("web", f"parts @ {url}")
    shop.refuses("lock", error="unauthorized")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    said = shop.run("sync", "--package", "web", "-vv")
    (note,) = (shop.root / ".venv").glob("lib/python3*/site-packages/parts-1.0.dist-info/direct_url.json")
    assert json.loads(note.read_text())["url"] == f"{house.root}/parts-1.0-py3-none-any.whl"
    assert "s3cret" not in said.out + said.err + shop.lockfile.read_text()


# ---- hashes beside URLs ----------------------------------------------------------------------------------------------


def _where(kind: str, address: str, fragment: str) -> tuple[str, str]:
    """The requirement, and the lines that say where it comes from."""
    if kind == "requirement":
        return f"parts @ {address}#egg=parts&{fragment}", ""
    return "parts", f'[tool.interlock.sources]\nparts = {{ url = "{address}#{fragment}" }}\n'


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("kind", ["requirement", "source"])
@pytest.mark.parametrize("built", [make_wheel("parts", "1.0"), make_sdist("parts", "1.0")], ids=["wheel", "sdist"])
@pytest.mark.parametrize("local", [False, True], ids=["remote", "local"])
def test_a_file_has_the_hash_that_stands_beside_its_address(
    empty_shop: Shop, tmp_path: Path, algorithm: str, kind: str, built: Built, local: bool
) -> None:
    shop = empty_shop
    release = shop.packages.add(built)
    (tmp_path / built.filename).write_bytes(built.data)
    remote = f"{shop.index.root}/{shop.index.file_path(release)}"
    address = (tmp_path / built.filename).as_uri() if local else remote
    right = hashlib.new(algorithm, built.data).hexdigest()
    wrong = "0" * len(right)
    for digest in (wrong, right.upper()):
        asked, lines = _where(kind, address, f"{algorithm}={digest}")
        shop.member("web", asked, lines=lines)
        if digest == wrong:
            said = shop.refuses("lock", error="digest-mismatch")
            assert f"expected {algorithm} {wrong}, got {right}" in said.err
    shop.run("lock")
    (package,) = shop.lock.packages
    assert [artifact.sha256 for artifact in package.artifacts] == [built.sha256]
    assert digest not in shop.lockfile.read_text() or algorithm == "sha256", "the file has its own"
    shop.run("lock", "--check")
    before = shop.lockfile.read_bytes()
    asked, lines = _where(kind, address, f"{algorithm}={wrong}")
    shop.member("web", asked, lines=lines)
    shop.refuses("lock", "--check", code=3, error="lock-outdated")
    shop.refuses("lock", error="digest-mismatch")
    assert shop.lockfile.read_bytes() == before


def test_one_file_named_with_a_hash_and_without_one_is_one_file(empty_shop: Shop) -> None:
    shop = empty_shop
    release = shop.packages.add(make_wheel("parts", "1.0"))
    address = f"{shop.index.root}/{shop.index.file_path(release)}"
    shop.member("web", f"parts @ {address}#sha256={release.built.sha256}")
    shop.member("api", f"parts @ {address}")
    shop.member("jobs", f"parts @ {address}#md5={hashlib.md5(release.built.data, usedforsecurity=False).hexdigest()}")
    shop.run("lock")
    assert shop.versions() == {"parts": "1.0"}
    shop.member("api", f"parts @ {address}#sha256={'0' * 64}")
    shop.refuses("lock", error="digest-mismatch")


def test_adding_a_url_keeps_its_hash(empty_shop: Shop) -> None:
    shop = empty_shop
    release = shop.packages.add(make_wheel("parts", "1.0"))
    address = f"{shop.index.root}/{shop.index.file_path(release)}"
    shop.member("web")
    shop.refuses("add", f"parts @ {address}#sha256={'0' * 64}", "--package", "web", error="digest-mismatch")
    shop.run("add", f"parts @ {address}#egg=parts&sha256={release.built.sha256}", "--package", "web", "--no-sync")
    assert f'"{address}#sha256={release.built.sha256}"' in shop.manifest("web").read_text()


# ---- git-lfs ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
def test_files_of_git_lfs_are_built_when_the_source_asks_for_them(empty_shop: Shop, tmp_path: Path) -> None:
    shop, place = empty_shop, tmp_path / "repository"
    place.mkdir()

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=place, capture_output=True, check=True)

    git("init", "-q", "-b", "main")
    git("lfs", "install", "--local", "--skip-repo")
    git("lfs", "track", "model.py")
    (place / "pyproject.toml").write_text(
        '[project]\nname = "model"\nversion = "1.0"\n[build-system]\nrequires = []\n'
        'build-backend = "in_tree_backend"\nbackend-path = ["."]\n'
    )
    (place / "METADATA.in").write_text("Metadata-Version: 2.1\nName: model\nVersion: 1.0\n")
    (place / "in_tree_backend.py").write_text(BACKEND)
    (place / "model.py").write_text("WEIGHTS = 7\n")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    shop.member("web", lines=f'[tool.interlock.sources]\nmodel = {{ git = "file://{place}" }}\n')
    shop.run("add", f"git+file://{place}", "--package", "web", "--no-sync")
    shop.run("sync", "--package", "web")
    assert not shop.can_import("model"), "a pointer is no module"
    shop.run("add", f"git+file://{place}", "--lfs", "--package", "web")
    assert "lfs = true" in shop.manifest("web").read_text()
    assert shop.python("import model; print(model.WEIGHTS)") == "7", "the same commit is installed anew"
    before = shop.lockfile.read_bytes()
    shop.run("lock", "--check")
    shop.run("lock")
    assert shop.lockfile.read_bytes() == before
    said = shop.run("sync", "--package", "web")
    assert "model" not in said.out + said.err
