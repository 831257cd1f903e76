"""An index that refuses, fails, lies or stops half way: one clear message, and nothing changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry, registry
from tests.shop import Shop
from tests.wheels import make_sdist, make_wheel


def test_an_index_that_asks_who_we_are(shop: Shop) -> None:
    shop.index.fail("/simple/flask/", 401)
    said = shop.refuses("lock", error="unauthorized")
    assert shop.index.url in said.err
    assert "INTERLOCK_INDEX_PYPI_USERNAME" in said.err


def test_an_index_that_refuses_us(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", shop.index.url_with_credentials("ann", "secret"))
    shop.index.fail("/simple/flask/", 403)
    said = shop.refuses("lock", error="unauthorized")
    assert "403" in said.err
    assert "secret" not in said.err


def test_a_package_that_no_index_has(shop: Shop) -> None:
    shop.index.fail("/simple/flask/", 404)
    said = shop.refuses("lock", error="no-solution")
    assert "flask" in said.err
    assert "web" in said.err


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_index_in_trouble(shop: Shop, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_HTTP_RETRIES", "1")
    shop.index.fail("/simple/flask/", status, headers={"Retry-After": "0"})
    said = shop.refuses("lock", error="bad-status")
    assert str(status) in said.err
    assert "/simple/flask/" in said.err
    assert len(shop.index.paths("/simple/flask/")) == 2


def test_trouble_that_passes_is_not_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_HTTP_RETRIES", "2")
    shop.index.fail("/simple/flask/", 503, times=2, headers={"Retry-After": "0"})
    assert "error" not in shop.run("lock").err


def test_a_page_that_is_garbage(shop: Shop) -> None:
    shop.index.garble("/simple/flask/")
    said = shop.refuses("lock", error="bad-page")
    assert "/simple/flask/" in said.err


def test_a_page_that_ends_half_way(shop: Shop) -> None:
    shop.index.cut("/simple/flask/")
    said = shop.refuses("lock", error="unreachable")
    assert "/simple/flask/" in said.err


def test_an_index_that_hangs_up(shop: Shop) -> None:
    shop.index.reset("/simple/flask/")
    said = shop.refuses("lock", error="unreachable")
    assert "/simple/flask/" in said.err


def test_an_index_that_is_not_there(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    said = shop.refuses("lock", error="unreachable")
    assert "http://127.0.0.1:9/simple/" in said.err


def test_an_index_in_trouble_is_no_reason_to_ask_the_next(
    shop: Shop, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = index(registry(flask={"9.0": []}))
    monkeypatch.setenv("INTERLOCK_INDEX", f"own={shop.index.url}")
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", other.url)
    shop.index.fail("/simple/flask/", 500)
    shop.refuses("lock", error="bad-status")
    assert not other.paths("flask")


@pytest.mark.parametrize("kind", ["fail", "garble", "cut", "reset"])
def test_a_wheel_that_does_not_arrive(shop: Shop, kind: str) -> None:
    shop.run("lock")
    getattr(shop.index, kind)("flask-3.1-py3-none-any.whl")
    said = shop.refuses("sync")
    assert "flask-3.1-py3-none-any.whl" in said.err
    shop.index.faults.clear()
    shop.run("sync")
    assert shop.installed()["flask"] == "3.1"


def test_metadata_that_is_garbage_makes_a_version_unusable(shop: Shop) -> None:
    shop.index.replace("flask-3.1-py3-none-any.whl.metadata", b"\x00\xff", kind="text/plain")
    said = shop.refuses("lock")
    assert "flask-3.1-py3-none-any.whl" in said.err


def test_what_a_page_has_wrong_is_skipped_and_told_to_who_asks(shop: Shop) -> None:
    shop.packages.raw["flask"] = [
        {"filename": "flask-not.a.version-py3-none-any.whl", "url": "x.whl", "hashes": {"sha256": "0" * 64}},
        {"filename": "flask-3.3-py3-none-any.whl", "hashes": {}},
        {"url": "z"},
        {"filename": "other-9.0-py3-none-any.whl", "url": "other.whl", "hashes": {"sha256": "0" * 64}},
    ]
    said = shop.run("lock", "-v")
    assert shop.versions()["flask"] == "3.1"
    assert "flask-not.a.version-py3-none-any.whl" in said.err
    assert "flask-3.3-py3-none-any.whl" in said.err
    assert "other-9.0-py3-none-any.whl" in said.err
    shop.lockfile.unlink()
    assert "not.a.version" not in shop.run("lock", "--no-cache").err


def test_a_page_that_names_bad_pythons_and_times(shop: Shop) -> None:
    entry = {"filename": "flask-3.2-py3-none-any.whl", "url": "x.whl", "hashes": {"sha256": "0" * 64}}
    shop.packages.raw["flask"] = [{**entry, "requires-python": "three"}, {**entry, "upload-time": "yesterday"}]
    said = shop.run("lock", "-v", code=None)
    assert said.code in {0, 1}
    assert "bug" not in said.err


def test_files_without_hashes_get_theirs_into_the_lock(empty_shop: Shop) -> None:
    shop = empty_shop
    wheel, source = make_wheel("bare", "1.0"), make_sdist("bare", "1.0")
    shop.packages.publish(wheel, hashed=False)
    shop.packages.publish(source, hashed=False)
    shop.member("app", "bare")
    shop.run("lock")
    (package,) = shop.lock.packages
    assert {artifact.sha256 for artifact in package.artifacts} == {wheel.sha256, source.sha256}
    before = shop.lockfile.read_bytes()
    shop.run("sync")
    assert shop.installed()["bare"] == "1.0"
    shop.index.forget()
    shop.run("lock", "--upgrade")
    assert shop.lockfile.read_bytes() == before
    assert not [path for path in shop.index.paths("bare-1.0") if not path.endswith(".metadata")]


def test_a_file_without_a_hash_that_changes_afterwards_is_refused(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.publish(make_wheel("bare", "1.0"), hashed=False)
    shop.member("app", "bare")
    shop.run("lock")
    shop.packages.withdraw("bare-1.0-py3-none-any.whl")
    shop.packages.publish(make_wheel("bare", "1.0", files={"bare.py": "EVIL = 1\n"}), hashed=False)
    said = shop.refuses("sync", "--no-cache")
    assert "bare-1.0-py3-none-any.whl" in said.err


def test_a_script_s_lock_has_the_hashes_that_the_index_leaves_out(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.publish(make_wheel("bare", "1.0"), hashed=False)
    script = shop.write("job.py", '# /// script\n# dependencies = ["bare"]\n# ///\nimport bare; print(bare.VERSION)\n')
    shop.run("lock", "--script", script)
    assert shop.spawn("run", script).out.strip() == "1.0"
    lockfile = script.with_name("job.py.lock")
    lockfile.write_text(lockfile.read_text().replace('"version": "1.0"', '"version": "2.0"'))
    said = shop.spawn("run", script, code=1)
    assert "error[lock-corrupt]" in said.err


OTHER_HASHES = ("md5", "sha1", "sha224", "sha384", "sha512", "sha3_256", "blake2b")


@pytest.mark.parametrize("algorithm", OTHER_HASHES)
@pytest.mark.parametrize("page", ["json", "html", "list"])
def test_hashes_of_other_algorithms_are_compared(
    empty_shop: Shop,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    algorithm: str,
    page: str,
) -> None:
    shop, packages = empty_shop, registry()
    shop.index = index(packages, html_only=page != "json")
    address = f"{shop.index.url}bare/" if page == "list" else shop.index.url
    monkeypatch.setenv("INTERLOCK_FIND_LINKS" if page == "list" else "INTERLOCK_DEFAULT_INDEX", address)
    wheel, source = make_wheel("bare", "1.0"), make_sdist("bare", "1.0")
    shop.member("app", "bare")
    for built, lie in ((wheel, ""), (source, ""), (wheel, "0"), (source, "0")):
        digest = hashlib.new(algorithm, built.data).hexdigest()
        packages.publish(built, hashes={"unheard-of": "1", algorithm: lie * len(digest) or digest.upper()})
        if lie:
            said = shop.refuses("lock", "--no-cache", error="digest-mismatch")
            assert f"{built.filename} does not have the promised hash: expected {algorithm} 0" in said.err
        else:
            shop.run("lock", "--no-cache")
            (package,) = shop.lock.packages
            assert [artifact.sha256 for artifact in package.artifacts] == [built.sha256]
            shop.run("lock", "--check")
        packages.withdraw(built.filename)
        shop.lockfile.unlink(missing_ok=True)


def test_a_hash_that_cannot_be_one_is_not_that_of_the_file(empty_shop: Shop) -> None:
    empty_shop.packages.publish(make_wheel("bare", "1.0"), hashes={"sha256": "none"})
    empty_shop.member("app", "bare")
    said = empty_shop.refuses("lock", error="digest-mismatch")
    assert "expected sha256 none" in said.err


UNREADABLE = ("extra ~= 'gpu'", "python_version ~= '3'", "os_name ~= 'posix'", "platform_release ~= 'x'", "'a' == 'a'")
STRANGE = ("extra <= 'gpu'", "'gpu' in extra", "extra == extra", "sys_platform == os_name", "python_version >= '3.x'")


@pytest.mark.parametrize("marker", UNREADABLE)
def test_a_release_with_a_marker_that_nobody_can_evaluate_is_passed_over_and_named(
    empty_shop: Shop, marker: str
) -> None:
    shop = empty_shop
    shop.packages.wheel("lib", "1.0")
    shop.packages.wheel("lib", "2.0", f"click ; {marker}")
    shop.member("app", "lib")
    said = shop.run("lock")
    assert shop.versions() == {"lib": "1.0"}
    assert "warning[unreadable-release]: lib 2.0 was passed over: its requirement `click ; " in said.err
    shop.member("app", "lib>=2")
    said = shop.refuses("lock", error="no-solution")
    assert "lib 2.0 cannot be used: its requirement `click ; " in said.err


@pytest.mark.parametrize("marker", STRANGE)
def test_a_strange_marker_that_can_be_evaluated_keeps_nobody_from_anything(empty_shop: Shop, marker: str) -> None:
    shop = empty_shop
    shop.packages.wheel("lib", "2.0", f"click ; {marker}")
    shop.member("app", "lib")
    assert "warning" not in shop.run("lock").err
    assert shop.versions()["lib"] == "2.0"


def test_an_extra_that_a_marker_searches_for(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.add(
        make_wheel(
            "lib",
            "1.0",
            metadata="Metadata-Version: 2.1\nName: lib\nVersion: 1.0\nProvides-Extra: gpu\n"
            "Provides-Extra: web\nRequires-Dist: click ; 'gpu' in extra\nRequires-Dist: safe ; extra == ''\n"
            "Requires-Dist: jinja ; extra != ''\n",
        )
    )
    for asked, expected in (
        ("lib", {"lib", "safe"}),
        ("lib[gpu]", {"lib", "safe", "click", "jinja"}),
        ("lib[web]", {"lib", "safe", "jinja"}),
    ):
        shop.member("app", asked)
        shop.run("lock")
        assert set(shop.versions()) == expected


@pytest.mark.parametrize("marker", UNREADABLE)
def test_a_marker_of_ours_that_nobody_can_evaluate_is_an_error_in_its_file(empty_shop: Shop, marker: str) -> None:
    shop = empty_shop
    shop.member("app", f"click ; {marker}")
    said = shop.refuses("lock", error="invalid-manifest")
    assert "packages/app/pyproject.toml:" in said.err
    assert "cannot be evaluated" in said.err


def test_a_set_that_cannot_be_satisfied_is_explained(shop: Shop) -> None:
    shop.member("api", "click<8.1")
    shop.member("jobs", "click>=8.1")
    said = shop.refuses("lock", error="no-solution")
    for evidence in ("api", "jobs", "click<8.1", "click>=8.1", "packages/api/pyproject.toml"):
        assert evidence in said.err, said.err
    document = shop.run("lock", "--json", code=1).json()
    assert document["error"]["code"] == "no-solution"


def test_a_python_range_that_nothing_fits(shop: Shop, packages: Registry) -> None:
    packages.add(make_wheel("old", "1.0", requires_python=">=4"))
    shop.member("api", "old")
    said = shop.refuses("lock", error="no-solution")
    assert "old" in said.err
    assert "Python" in said.err or "python" in said.err


def test_offline_with_nothing_cached(shop: Shop) -> None:
    said = shop.refuses("lock", "--offline", error="no-solution")
    assert "`click` is not in the cache, and the network may not be used" in said.err
    assert "Run it once without --offline." in said.err
    assert not shop.index.requests
