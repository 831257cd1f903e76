"""Hashes that stand beside URLs: the file has them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.shop import Shop
from tests.wheels import Built, make_sdist, make_wheel


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
