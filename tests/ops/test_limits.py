"""Constraints and overrides of the root that lead to another source."""

from __future__ import annotations

import pytest

from interlock.core.sources.source import Directory, Registry, Url
from tests.conftest import IndexFactory
from tests.registry import registry
from tests.shop import Shop


def _says(shop: Shop, lines: str, sources: str = "") -> None:
    manifest = '[tool.interlock.workspace]\nmembers = ["packages/*"]\n'
    shop.write("pyproject.toml", f"{manifest}[tool.interlock]\n{lines}\n[tool.interlock.sources]\n{sources}\n")


@pytest.mark.parametrize("kind", ["override", "constraint"])
@pytest.mark.parametrize("place", ["url", "path", "index"])
def test_they_lead_to_another_source(empty_shop: Shop, index: IndexFactory, kind: str, place: str) -> None:
    """Only a package of the index asks for it; the lock is fresh, and stale when the source becomes another."""
    shop = empty_shop
    shop.packages.wheel("needy", "1.0", "safe>=2")
    other = index(registry(safe={"2.5": []}))
    shop.write("vendor/safe/pyproject.toml", '[project]\nname = "safe"\nversion = "2.7"\n')
    filename = shop.packages.releases("safe")[0].filename
    url = f"{shop.index.root}/{shop.index.file_path(shop.packages.releases('safe')[0])}"
    said = f"safe @ {url}" if place == "url" else "safe"
    sources = {"path": 'safe = { path = "vendor/safe" }', "index": 'safe = { index = "corp" }'}.get(place, "")
    corp = f'[[tool.interlock.index]]\nname = "corp"\nurl = "{other.url}"\nexplicit = true\n'
    _says(shop, f'{kind}-dependencies = ["{said}"]', f"{sources}\n{corp}")
    shop.member("app", "needy")
    shop.run("lock")
    (found,) = (package for package in shop.lock.packages if package.name == "safe")
    assert (found.version, type(found.source)) == {
        "url": (filename.split("-")[1], Url),
        "path": ("2.7", Directory),
        "index": ("2.5", Registry),
    }[place]
    shop.run("lock", "--check")
    before = shop.lockfile.read_bytes()
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == before
    _says(shop, f'{kind}-dependencies = ["safe"]', corp)
    assert shop.run("lock", "--check", code=3).err
    shop.run("lock")
    assert shop.versions() == {"needy": "1.0", "safe": "2.1"}


def test_an_override_keeps_the_marker_of_the_reference_that_leads_to_it(empty_shop: Shop) -> None:
    _says(empty_shop, 'override-dependencies = ["safe<2.1"]')
    lines = '[project.optional-dependencies]\nall = ["app[x] ; sys_platform == \'win32\'"]\nx = ["safe"]\n'
    empty_shop.member("app", lines=lines)
    empty_shop.run("lock")
    out = empty_shop.run("export", "--package", "app", "--extra", "all", "--no-hashes", "--no-annotate").out
    assert "safe==2.0 ; sys_platform == 'win32'" in out


def test_an_override_keeps_the_markers_of_sources(empty_shop: Shop, index: IndexFactory) -> None:
    other = index(registry(safe={"2.5": []}))
    _says(
        empty_shop,
        'override-dependencies = ["safe!=2.1"]',
        f'[[tool.interlock.index]]\nname = "corp"\nurl = "{other.url}"\nexplicit = true',
    )
    sources = "[tool.interlock.sources]\nsafe = [{ index = 'corp', marker = \"sys_platform == 'linux'\" }]\n"
    empty_shop.member("app", "safe<2", lines=sources)
    empty_shop.run("lock")
    assert {(p.version, str(p.source)) for p in empty_shop.lock.packages} == {
        ("2.0", "Registry(index='pypi')"),
        ("2.5", "Registry(index='corp')"),
    }
