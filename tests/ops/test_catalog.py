"""``[tool.interlock.catalog]``: ranges that members share, in locks, in what is built, and as commands change them."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.registry import Registry, registry
from tests.shop import Shop

TAKES = "[tool.interlock]\ncatalog = true\n"


@pytest.fixture
def packages() -> Registry:
    versions = ("1.0", "1.5", "2.0")
    return registry(**{name: dict.fromkeys(versions, ()) for name in ("click", "flask", "jinja")}, checker={"1.0": []})


def catalog(shop: Shop, text: str) -> None:
    (shop.root / "pyproject.toml").write_text(
        f'[tool.interlock.workspace]\nmembers = ["packages/*"]\n[tool.interlock.catalog]\n{text}\n'
    )


def requires(shop: Shop, name: str) -> list[str]:
    """``Requires-Dist`` of the wheel."""
    with zipfile.ZipFile(shop.root / f"dist/{name}-1.0-py3-none-any.whl") as archive:
        wheel = Parser().parsestr(archive.read(f"{name}-1.0.dist-info/METADATA").decode())
    return wheel.get_all("Requires-Dist") or []


def test_one_line_moves_all_members(empty_shop: Shop) -> None:
    catalog(empty_shop, 'Click = "<2"')
    for name in ("one", "two"):
        empty_shop.member(name, "click", lines=TAKES)
    empty_shop.member("free", "click>=1")
    empty_shop.run("lock")
    assert empty_shop.versions() == {"click": "1.5"}
    empty_shop.run("lock", "--check")
    catalog(empty_shop, 'click = ">=2"')
    stale = empty_shop.run("lock", "--check", code=3)
    assert "packages/one: dependencies have changed" in stale.err
    assert "packages/two: dependencies have changed" in stale.err
    assert "free" not in stale.err
    empty_shop.run("lock")
    assert empty_shop.versions() == {"click": "2.0"}
    empty_shop.run("lock", "--check")
    catalog(empty_shop, 'click = ">=2"\nflask = "<2"')
    empty_shop.run("lock", "--check")


def test_it_locks_what_ranges_written_by_hand_lock(empty_shop: Shop) -> None:
    catalog(empty_shop, 'click = "<2"')
    empty_shop.member("one", "click; python_version >= '3'", lines=TAKES)
    empty_shop.run("lock")
    taken = empty_shop.lockfile.read_bytes()
    catalog(empty_shop, "")
    empty_shop.member("one", "click<2; python_version >= '3'")
    empty_shop.run("lock")
    assert empty_shop.lockfile.read_bytes() == taken


@pytest.mark.parametrize(
    ("says", "versions"),
    [
        ("true", {"click": "1.5", "flask": "1.0"}),
        ('"old"', {"click": "1.0", "flask": "1.0"}),
        ('["click"]', {"click": "1.5", "flask": "2.0"}),
        ('{ click = "old", flask = "default" }', {"click": "1.0", "flask": "1.0"}),
        ("false", {"click": "2.0", "flask": "2.0"}),
    ],
)
def test_a_member_says_what_it_takes(empty_shop: Shop, says: str, versions: dict[str, str]) -> None:
    catalog(empty_shop, 'click = "<2"\nflask = "==1.0"\n[tool.interlock.catalog.old]\nclick = "==1.0"')
    empty_shop.member("one", "click", "flask", "jinja>1,<2", lines=f"[tool.interlock]\ncatalog = {says}\n")
    empty_shop.run("lock")
    assert empty_shop.versions() == {**versions, "jinja": "1.5"}


def test_extras_and_groups_take_ranges_too(empty_shop: Shop) -> None:
    catalog(empty_shop, 'click = "<2"\nflask = "<2"')
    extras = '[project.optional-dependencies]\nweb = ["flask"]\n[dependency-groups]\ndev = ["click"]\n'
    empty_shop.member("one", lines=extras + TAKES)
    root = empty_shop.root / "pyproject.toml"
    root.write_text(root.read_text() + '[dependency-groups]\ndev = ["click"]\n')
    empty_shop.run("lock")
    assert empty_shop.versions() == {"click": "1.5", "flask": "1.5"}


def test_what_is_built_says_what_a_manifest_written_by_hand_says(empty_shop: Shop) -> None:
    catalog(empty_shop, 'click = ">=1,<2"\nflask = "<2"')
    lines = "[tool.interlock]\ncatalog = true\n"
    empty_shop.member("one", "click[fast]; python_version >= '3'", "flask>=1", "jinja", lines=lines)
    before = empty_shop.manifest("one").read_bytes()
    empty_shop.run("lock")
    empty_shop.run("build", "--package", "one")
    assert requires(empty_shop, "one") == ['click[fast]<2,>=1 ; python_version >= "3"', "flask>=1", "jinja"]
    assert empty_shop.manifest("one").read_bytes() == before
    catalog(empty_shop, 'click = ">=2"\nflask = "<2"')
    empty_shop.run("build", "--package", "one")
    assert requires(empty_shop, "one")[0] == 'click[fast]>=2 ; python_version >= "3"'
    with tarfile.open(empty_shop.root / "dist/one-1.0.tar.gz") as sdist:
        entry = sdist.extractfile("one-1.0/pyproject.toml")
        assert entry is not None
        assert tomllib.loads(entry.read().decode())["project"]["dependencies"][0].startswith("click[fast]>=2")


def test_pip_builds_a_member_from_its_folder(empty_shop: Shop, tmp_path: Path) -> None:
    catalog(empty_shop, 'click = "<2"')
    folder = empty_shop.member("one", "click", lines=TAKES)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", tmp_path / "there", folder], check=True)
    (metadata,) = (tmp_path / "there").glob("one-*.dist-info/METADATA")
    assert "Requires-Dist: click\n" in metadata.read_text()


MISTAKES = {
    'click = "two"': "pyproject.toml:4: `tool.interlock.catalog.click` has `two`, which is no range of versions",
    'click = ""': "is no range of versions",
    "click = 1": "`tool.interlock.catalog.click` must be a string",
    '"a b" = "<2"': "`tool.interlock.catalog.a b` is not a package name",
    'one = "<2"': "The catalog has `one`, a member",
    'flask = "<2"': "packages/one/pyproject.toml: `click` is not in the catalog.",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_told_and_change_nothing(empty_shop: Shop, text: str) -> None:
    catalog(empty_shop, text)
    empty_shop.member("one", "click", lines='[tool.interlock]\ncatalog = ["click"]\n')
    with empty_shop.unchanged():
        assert MISTAKES[text] in empty_shop.run("lock", code=1).err


def test_a_catalog_that_is_not_there_is_suggested(empty_shop: Shop) -> None:
    catalog(empty_shop, 'click = "<2"\n[tool.interlock.catalog.legacy]\nclick = "<1.5"')
    empty_shop.member("one", "click", lines='[tool.interlock]\ncatalog = "legcy"\n')
    assert "there is no catalog `legcy`. Did you mean `legacy`?" in empty_shop.run("lock", code=1).err


def test_check_names_those_who_stray(empty_shop: Shop) -> None:
    catalog(empty_shop, 'click = "<2"\nflask = "<2"\njinja = "<2"')
    empty_shop.member("differs", "click>=1")
    empty_shop.member("repeats", "click<2")
    empty_shop.member("bare", "flask")
    empty_shop.member("takes", "click", lines=TAKES)
    empty_shop.run("lock")
    with empty_shop.unchanged():
        found = empty_shop.run("check", "--catalog", "--json", code=1).json()["findings"]
    assert [(one["level"], one["file"], one["line"], one["code"]) for one in found] == [
        ("warning", "packages/bare/pyproject.toml", 5, "catalog-range-not-taken"),
        ("error", "packages/differs/pyproject.toml", 5, "catalog-range-differs"),
        ("warning", "packages/repeats/pyproject.toml", 5, "catalog-range-repeated"),
        ("warning", "pyproject.toml", 5, "catalog-range-unused"),
        ("warning", "pyproject.toml", 6, "catalog-range-unused"),
    ]
    assert "differs asks for click>=1, where the catalog has `<2`." in found[1]["message"]
    empty_shop.run("catalog", "adopt", "--no-sync")
    assert empty_shop.manifest("differs").read_text().count("click>=1") == 1
    empty_shop.run("catalog", "adopt", "click", "--package", "differs", "--no-sync")
    left = empty_shop.run("check", "--catalog", "--json", code=0).json()["findings"]
    assert [one["code"] for one in left] == ["catalog-range-unused"]
    shown = empty_shop.run("catalog", "show", "--json").json()["ranges"]
    assert [(one["name"], one["range"], one["members"]) for one in shown] == [
        ("click", "<2", ["differs", "repeats", "takes"]),
        ("flask", "<2", ["bare"]),
        ("jinja", "<2", []),
    ]


def test_set_writes_a_range_and_locks(empty_shop: Shop) -> None:
    catalog(empty_shop, "# what we share\nclick = '<2' # all")
    empty_shop.member("one", "click", lines=TAKES)
    empty_shop.run("lock")
    done = empty_shop.run("catalog", "set", "Click>=2", "flask<2", "--no-sync", "--json").json()
    assert (done["ranges"], done["manifests"]) == ({"click": ">=2", "flask": "<2"}, ["pyproject.toml"])
    assert empty_shop.versions() == {"click": "2.0"}
    text = (empty_shop.root / "pyproject.toml").read_text()
    assert '# what we share\nclick = ">=2" # all\n' in text
    empty_shop.run("catalog", "set", "click==1.0", "--catalog", "old", "--no-sync")
    assert tomllib.loads((empty_shop.root / "pyproject.toml").read_text())["tool"]["interlock"]["catalog"] == {
        "click": ">=2", "flask": "<2", "old": {"click": "==1.0"}
    }  # fmt: skip
    with empty_shop.unchanged():
        assert "no name with a range" in empty_shop.run("catalog", "set", "click", code=2).err
        assert "is a member" in empty_shop.run("catalog", "set", "one>1", code=1).err
        empty_shop.run("catalog", "set", "click>=99", "--no-sync", code=1)
        assert "is not in the catalog. Did you mean" in empty_shop.run("catalog", "adopt", "clik", code=1).err
        empty_shop.run("catalog", "set", "click>=1", "--dry-run")


def test_what_is_added_takes_the_range_there_is(empty_shop: Shop) -> None:
    catalog(empty_shop, 'click = "<2"')
    empty_shop.member("one", lines=TAKES)
    empty_shop.run("add", "click", "flask", "--package", "one", "--no-sync")
    manifest = tomllib.loads(empty_shop.manifest("one").read_text())
    assert manifest["project"]["dependencies"] == ["click", "flask>=2.0"]
    assert empty_shop.versions() == {"click": "1.5", "flask": "2.0"}
    empty_shop.run("lock", "--check")


def test_dedupe_shares_what_is_asked_for_alike(empty_shop: Shop) -> None:
    empty_shop.member("one", "click<2", "flask<2", "jinja<2")
    empty_shop.member("two", "click<2", "flask>=1.5", "one")
    empty_shop.run("lock")
    before = empty_shop.versions()
    done = empty_shop.run("catalog", "dedupe", "--no-sync", "--json").json()
    assert done["ranges"] == {"click": "<2"}
    assert [(one["member"], one["name"]) for one in done["adopted"]] == [("one", "click"), ("two", "click")]
    assert [one["name"] for one in done["left"]] == ["flask"]
    assert empty_shop.versions() == before
    manifest = tomllib.loads(empty_shop.manifest("one").read_text())
    assert manifest["project"]["dependencies"] == ["click", "flask<2", "jinja<2"]
    assert manifest["tool"]["interlock"]["catalog"] == ["click"]
    empty_shop.run("lock", "--check")
    with empty_shop.unchanged():
        assert empty_shop.run("catalog", "dedupe", "--no-sync", "--json").json()["ranges"] == {}


def test_a_part_of_the_workspace_keeps_the_catalog(empty_shop: Shop, tmp_path: Path) -> None:
    catalog(empty_shop, 'click = "<2"')
    empty_shop.member("one", "click", lines=TAKES)
    empty_shop.member("two", "flask")
    empty_shop.run("lock")
    empty_shop.run("prune", "--package", "one", "-o", tmp_path / "part")
    empty_shop.run("-C", tmp_path / "part/full", "lock", "--check")
