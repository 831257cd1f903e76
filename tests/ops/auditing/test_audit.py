"""``interlock audit``: what is known against what is locked, for whom, and what mends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.advisories.records import record
from tests.ops.auditing.conftest import WriteRecords
from tests.registry import Registry
from tests.shop import Shop, flask_and_click

SAFE = record("GHSA-1", "safe", "introduced 0", "fixed 2.2", aliases=["CVE-1"], summary="Not so safe")
CLICK = record("PYSEC-7", "Click", "introduced 8.1", "last_affected 8.1", database_specific={"severity": "LOW"})
HARMLESS = record("PYSEC-8", "flask", "introduced 0", "fixed 3.0")
FAR = "2099-12-31"


@pytest.fixture
def packages() -> Registry:
    found = flask_and_click(checker={"1.0": ["click<9"]})
    found.wheel("jinja", "3.2", "safe>=2,<2.2")
    return found


@pytest.fixture
def locked(shop: Shop, packages: Registry) -> Shop:
    shop.run("lock")
    packages.wheel("safe", "2.2")
    packages.wheel("click", "8.2")
    return shop


def test_findings_name_members_paths_and_fixes(locked: Shop, osv: WriteRecords) -> None:
    place = osv(SAFE, CLICK, HARMLESS)
    with locked.unchanged():
        result = locked.run("audit", "--advisories", place, "--json", code=1)
    document = result.json()
    assert (document["ok"], document["packages"], document["advisories"]) == (False, 5, 3)
    click, safe = document["findings"]
    assert (click["id"], click["package"], click["version"], click["fixed"]) == ("PYSEC-7", "click", "8.1", [])
    assert click["members"] == ["catalog", "web"]
    assert click["severity"] == {"rating": "low", "score": None, "vector": ""}
    assert (safe["id"], safe["aliases"], safe["summary"]) == ("GHSA-1", ["CVE-1"], "Not so safe")
    # By the extra directly, though flask and jinja bring it too.
    assert [[(step["name"], step["via"]) for step in path["steps"]] for path in safe["paths"]] == [
        [("web", ""), ("safe", "extra extra")]
    ]
    assert locked.lockfile.read_text().splitlines()[safe["line"] - 1] == '      "name": "safe",'
    (fix,) = safe["fixed"]
    assert (fix["version"], fix["fits"]) == ("2.2", "no")
    assert [(one["by"], one["requirement"]) for one in fix["blocked_by"]] == [("jinja 3.2", "safe<2.2,>=2")]
    assert document["upgrades"] == []


def test_a_fix_that_fits_is_what_an_upgrade_brings(locked: Shop, osv: WriteRecords, packages: Registry) -> None:
    place = osv(record("PYSEC-7", "click", "introduced 8.1", "fixed 8.2", "introduced 9.0", "fixed 9.1"))
    result = locked.run("audit", "--advisories", place, code=1)
    assert "fixed in 8.2, which fits what is asked" in result.out
    assert "fixed in 9.1, which does not fit: checker 1.0 asks for click<9" in result.out
    assert "click 8.2 is free of all this: `interlock lock -P click==8.2`" in result.err
    locked.run("lock", "-P", "click==8.2")
    done = locked.run("audit", "--advisories", place)
    assert (done.out, "nothing found" in done.err) == ("", True)


def test_members_that_block_a_fix_are_named_with_their_line(shop: Shop, osv: WriteRecords) -> None:
    shop.member("narrow", "click<8.2")
    shop.run("lock")
    place = osv(record("PYSEC-7", "click", "introduced 0", "fixed 8.2"))
    result = shop.run("audit", "--advisories", place, "--frozen", code=1)
    assert "which does not fit: narrow asks for click<8.2 (packages/narrow/pyproject.toml:5)" in result.out
    overridden = shop.root / "pyproject.toml"
    overridden.write_text(overridden.read_text() + '[tool.interlock]\noverride-dependencies = ["click>=8"]\n')
    shop.run("lock")
    result = shop.run("audit", "--advisories", place, "--json", code=1)
    assert result.json()["findings"][0]["fixed"][0]["fits"] == "yes"


def test_only_what_is_selected_is_judged(locked: Shop, osv: WriteRecords) -> None:
    place = osv(SAFE, CLICK)
    only = locked.run("audit", "--advisories", place, "--package", "catalog", "--json", code=1).json()
    assert [(one["id"], one["members"]) for one in only["findings"]] == [("PYSEC-7", ["catalog"])]
    without = locked.run("audit", "--advisories", place, "--package", "web", "--json", code=1).json()
    assert [len(one["paths"][0]["steps"]) for one in without["findings"]] == [3, 4]


@pytest.mark.parametrize("name", ["osv.zip", "osv"])
def test_settings_name_advisories_relative_to_the_root(locked: Shop, osv: WriteRecords, name: str) -> None:
    place = osv(SAFE, name=name)
    place.rename(locked.root / name)
    _configure(locked, f'advisories = "{name}"')
    result = locked.run("-C", locked.root / "packages/web", "audit", code=1)
    assert result.out.startswith(
        "safe 2.1: GHSA-1 (CVE-1), of unknown severity\n  Not so safe\n  needed by web: web -> "
    )


def test_a_mirror_is_asked_as_other_hosts_are(locked: Shop, osv: WriteRecords) -> None:
    locked.index.replace("/osv/all.zip", osv(SAFE, name="osv.zip").read_bytes(), kind="application/zip")
    url = f"{locked.index.root}/osv/all.zip"
    result = locked.run("audit", "--advisories", url, "--json", code=1)
    assert [one["id"] for one in result.json()["findings"]] == ["GHSA-1"]
    assert not list((locked.cache / "tmp").glob("*"))
    locked.refuses("--offline", "audit", "--advisories", url, error="offline")
    locked.refuses("audit", "--advisories", f"{locked.index.root}/nothing.zip", error="file-missing")
    locked.refuses("audit", "--advisories", "ftp://mirror.test/all.zip", error="invalid-advisory")


def _configure(shop: Shop, text: str) -> None:
    manifest = shop.root / "pyproject.toml"
    manifest.write_text(f"{manifest.read_text()}[tool.interlock.audit]\n{text}\n")


def test_what_is_ignored_is_said_and_comes_back_when_its_day_is_over(locked: Shop, osv: WriteRecords) -> None:
    place = osv(SAFE)
    manifest = (locked.root / "pyproject.toml").read_text()
    _configure(locked, f'ignore = [\n  {{ id = "CVE-1", reason = "we escape twice", until = {FAR} }},\n]')
    result = locked.run("audit", "--advisories", place)
    assert result.out == ""
    assert f"Ignored: GHSA-1 of safe 2.1, until {FAR}: we escape twice (pyproject.toml:5)." in result.err
    (locked.root / "pyproject.toml").write_text(manifest)
    _configure(locked, 'ignore = [{ id = "CVE-1", reason = "we escape twice", until = "2020-01-01" }]')
    result = locked.run("audit", "--advisories", place, code=1)
    assert "pyproject.toml:4: ignored until 2020-01-01 (we escape twice)" in result.out
    (locked.root / "pyproject.toml").write_text(manifest)
    _configure(locked, f'ignore = [{{ id = "CVE-2", reason = "no", until = "{FAR}" }}]')
    assert "nothing was found that CVE-2 is ignored for" in locked.run("audit", "--advisories", place, code=1).err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'ignore = [{ id = "CVE-1", until = 2030-01-01 }]',
            ":4: `tool.interlock.audit.ignore` does not say the `reason`",
        ),
        ('ignore = [{ id = "CVE-1", reason = "x" }]', ":4: `tool.interlock.audit.ignore.until` of CVE-1 has no day"),
        ('ignore = [{ id = "CVE-1", reason = "x", until = "soon" }]', "has `soon` as day"),
        ('ignore = [{ reason = "x", until = 2030-01-01 }]', "without `id"),
        ('ignore = ["CVE-1"]', "must be a list of tables"),
        ('ignore = [{ id = "CVE-1", reasons = "x", until = 2030-01-01 }]', "Did you mean `reason`?"),
        ("ignored = []", "Did you mean `ignore`?"),
        ("advisories = 3", "must be a list of strings"),
    ],
)
def test_a_table_that_cannot_be_used_is_an_error_with_its_line(locked: Shop, text: str, told: str) -> None:
    _configure(locked, text)
    result = locked.refuses("audit", "--advisories", ".", error="invalid-manifest")
    assert told in result.err


def test_what_is_withdrawn_is_said(locked: Shop, osv: WriteRecords) -> None:
    result = locked.run("audit", "--advisories", osv({**SAFE, "withdrawn": "2026-01-01T00:00:00Z"}, HARMLESS))
    assert "Withdrawn, so not counted: GHSA-1." in result.err


def test_advisories_that_cannot_be_read_are_an_error(locked: Shop, osv: WriteRecords, tmp_path: Path) -> None:
    locked.refuses("audit", error="no-advisories")
    locked.refuses("audit", "--advisories", tmp_path / "none", error="invalid-advisory")
    empty = tmp_path / "empty"
    empty.mkdir()
    locked.refuses("audit", "--advisories", empty, error="no-advisories")
    (empty / "package.json").write_text('{"name": "web"}')
    assert "package.json" in locked.refuses("audit", "--advisories", empty, error="invalid-advisory").err
    archive = osv(SAFE, name="osv.zip")
    archive.write_bytes(archive.read_bytes()[:-40])
    locked.refuses("audit", "--advisories", archive, error="invalid-advisory")
    npm = osv(record("GHSA-9", "left-pad", "introduced 0", ecosystem="npm"), name="npm")
    locked.refuses("audit", "--advisories", npm, error="no-advisories")
    locked.lockfile.unlink()
    locked.refuses("audit", "--advisories", osv(SAFE), code=3, error="lock-missing")


def test_a_record_that_is_too_large_is_refused(
    locked: Shop, osv: WriteRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_LIMIT_METADATA_SIZE", "2000")
    large = {**SAFE, "details": "".join(map(str, range(2000)))}
    for name in ("osv.zip", "osv"):
        result = locked.refuses("audit", "--advisories", osv(large, name=name), error="invalid-advisory")
        assert "INTERLOCK_LIMIT_METADATA_SIZE" in result.err


def test_fixes_are_judged_by_manifests_where_nobody_can_be_asked(locked: Shop, osv: WriteRecords) -> None:
    place = osv(SAFE)
    other = locked.cache.with_name("other-cache")
    result = locked.run("--offline", "--cache-dir", other, "audit", "--advisories", place, "--json", code=1)
    assert [one["fits"] for one in result.json()["findings"][0]["fixed"]] == ["unknown"]


def test_a_stale_lock_is_judged_as_it_is_unless_it_must_be_fresh(locked: Shop, osv: WriteRecords) -> None:
    place = osv(SAFE)
    locked.member("third", "flask")
    assert "warning[lock-outdated]" in locked.run("audit", "--advisories", place, code=1).err
    locked.refuses("audit", "--advisories", place, "--locked", code=3, error="lock-outdated")


def test_the_same_lock_and_advisories_give_the_same_bytes(locked: Shop, osv: WriteRecords) -> None:
    place = osv(SAFE, CLICK)
    for format_ in ("json", "sarif"):
        one, other = (locked.run("audit", "--advisories", place, "--format", format_, code=1).out for _ in range(2))
        assert one == other
        json.loads(one)
