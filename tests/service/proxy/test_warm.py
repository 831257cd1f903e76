"""What a lock names is fetched before anybody asks."""

from __future__ import annotations

import subprocess
from pathlib import Path

from interlock.core.lock.codec import decode_lock
from interlock.service.proxy.files import FileMeans
from interlock.service.proxy.options import ProxyOptions
from interlock.service.proxy.proxy import open_proxy
from interlock.service.proxy.warm import Missing, warm
from interlock.store.layout import Layout
from tests.conftest import IndexFactory
from tests.processes import program
from tests.registry import registry
from tests.service.proxy.served import Clock, one_index
from tests.wheels import make_sdist, make_wheel

MEANS = FileMeans(Clock(), lambda size: None)


def lock_of(folder: Path, url: str) -> bytes:
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "top"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["a"]\n'
        f'[[tool.interlock.index]]\nname = "main"\nurl = "{url}"\ndefault = true\n'
    )
    done = subprocess.run(
        [*program(), "lock", "--cache-dir", str(folder / "cache")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (folder / "interlock.lock").read_bytes()


async def test_everything_in_a_lock_is_served_without_its_index(index: IndexFactory, tmp_path: Path) -> None:
    packages = registry({"b": {"1.0": []}})
    packages.publish(make_wheel("a", "1.0", requires=["b"]), metadata=False)
    packages.publish(make_sdist("a", "1.0"))
    gone = make_wheel("a", "1.0", tag="cp311-cp311-win_amd64")
    packages.publish(gone)
    server = index(packages)
    lock = decode_lock(lock_of(tmp_path / "project", server.url))
    total = sum(len(package.artifacts) for package in lock.packages)
    assert total > 2
    server.fail(gone.filename, 404)
    told: list[str] = []
    async with open_proxy(ProxyOptions(indexes=(one_index(server),)), Layout(tmp_path / "store"), MEANS) as proxy:
        first = await warm(proxy, lock, progress=told.append)
        again = await warm(proxy, lock)
        other = open_proxy(
            ProxyOptions(indexes=(one_index(server, name="other"),)), Layout(tmp_path / "another"), MEANS
        )
        async with other as elsewhere:
            none = await warm(elsewhere, lock)
    assert [each.filename for each in first.missing] == [gone.filename], first.missing
    assert (first.fetched, first.there) == (total - 1, 0)
    assert (again.fetched, again.there) == (0, total - 1)
    [missing] = first.missing
    assert (missing.filename, missing.index) == (gone.filename, "main")
    assert sorted(told) == sorted(artifact.filename for package in lock.packages for artifact in package.artifacts)
    assert {each.why for each in none.missing} == {"no index of this name is served"}
    assert len(none.missing) == total
    server.forget()
    async with open_proxy(
        ProxyOptions(indexes=(one_index(server),), offline=True), Layout(tmp_path / "store"), MEANS
    ) as proxy:
        offline = await warm(proxy, lock)
    assert (offline.fetched, offline.there) == (0, total - 1)
    assert server.requests == []


async def test_a_file_that_was_replaced_is_not_taken_for_the_locked_one(index: IndexFactory, tmp_path: Path) -> None:
    packages = registry({"a": {"1.0": []}})
    server = index(packages)
    lock = decode_lock(lock_of(tmp_path / "project", server.url))
    packages.withdraw("a-1.0-py3-none-any.whl")
    packages.publish(make_wheel("a", "1.0", summary="another"))
    async with open_proxy(ProxyOptions(indexes=(one_index(server),)), Layout(tmp_path / "store"), MEANS) as proxy:
        found = await warm(proxy, lock)
    assert found.missing == (Missing("a-1.0-py3-none-any.whl", "main", "the index has another file of this name"),)
    assert not list((tmp_path / "store").glob("files-v1/*/*"))
