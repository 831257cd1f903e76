"""The lockfile's bytes: round trips, determinism, what is refused, and how it merges."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.codec import LockConflicted, LockCorrupt, LockTooNew, decode_lock, encode_lock, is_newer_minor
from interlock.core.lock.layout import UnportableLock
from interlock.core.lock.model import Edge, Lock
from interlock.core.sources.source import Directory, Git, Source, Url
from tests.core.lock.locks import edge, item, lock_of, locks, member, package, wheel

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(locks())
def test_decoding_gives_back_what_was_encoded(lock: Lock) -> None:
    data = encode_lock(lock)
    assert decode_lock(data) == lock
    assert encode_lock(decode_lock(data)) == data
    json.loads(data)


@QUICK
@given(locks(), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_bytes(lock: Lock, chance: random.Random) -> None:
    def shuffled(values: tuple[Edge, ...]) -> tuple[Edge, ...]:
        return tuple(chance.sample(values, len(values)))

    replace = msgspec.structs.replace
    other = replace(
        lock,
        members=tuple(
            replace(
                part,
                dependencies=shuffled(part.dependencies),
                groups={key: shuffled(part.groups[key]) for key in chance.sample(list(part.groups), len(part.groups))},
                inputs={key: part.inputs[key] for key in chance.sample(list(part.inputs), len(part.inputs))},
            )
            for part in chance.sample(lock.members, len(lock.members))
        ),
        packages=tuple(
            replace(
                part,
                dependencies=shuffled(part.dependencies),
                extras={key: shuffled(part.extras[key]) for key in chance.sample(list(part.extras), len(part.extras))},
                artifacts=tuple(chance.sample(part.artifacts, len(part.artifacts))),
            )
            for part in chance.sample(lock.packages, len(lock.packages))
        ),
    )
    assert encode_lock(other) == encode_lock(lock)


def test_the_layout_is_one_line_per_edge_and_artifact() -> None:
    lock = lock_of(
        member("app", edge("anyio", "sys_platform == 'linux'"), extras={"fast": ["anyio[trio]"]}),
        package("anyio", "4.4.0", extras={"trio": []}),
        conflicts=((item("app", extra="fast"), item("app", group="dev")),),
    )
    assert encode_lock(lock).decode() == (
        "{\n"
        '  "format": [1, 0],\n'
        '  "requires-python": ">=3.11",\n'
        '  "inputs": {\n'
        '    "conflicts": [\n'
        '      [{"member": "app", "extra": "fast"}, {"member": "app", "group": "dev"}],\n'
        "    null],\n"
        '    "indexes": [\n'
        '      "pypi",\n'
        "    null]\n"
        "  },\n"
        '  "members": [\n'
        "    {\n"
        '      "name": "app",\n'
        '      "path": "packages/app",\n'
        '      "inputs": {\n'
        '        "dependencies": "0123456789abcdef",\n'
        '      "": ""},\n'
        '      "requires-python": ">=3.11",\n'
        '      "extras": {\n'
        '        "fast": [\n'
        '          {"name": "anyio", "extras": ["trio"]},\n'
        "        null],\n"
        '      "": null},\n'
        '      "dependencies": [\n'
        '        {"name": "anyio", "marker": "sys_platform == \'linux\'"},\n'
        "      null]\n"
        "    },\n"
        "  null],\n"
        '  "packages": [\n'
        "    {\n"
        '      "name": "anyio",\n'
        '      "version": "4.4.0",\n'
        '      "source": {"type": "registry", "index": "pypi"},\n'
        '      "extras": {\n'
        '        "trio": [\n'
        "        null],\n"
        '      "": null},\n'
        '      "artifacts": [\n'
        f'        {{"file": "anyio-4.4.0-py3-none-any.whl", "sha256": "{"a1" * 32}", "size": 1000, '
        '"path": "files/anyio-4.4.0-py3-none-any.whl"},\n'
        "      null]\n"
        "    },\n"
        "  null]\n"
        "}\n"
    )


def test_adding_elements_only_adds_lines() -> None:
    before = lock_of(member("app", "b"), package("b"))
    after = lock_of(
        member("app", "a", "b", "c", extras={"x": ["c"]}),
        member("zap"),
        package("a"),
        package("b", artifacts=(wheel("b", "1.0"), wheel("b", "1.0", "py3-none-win32"))),
        package("c"),
    )
    rest = iter(encode_lock(after).splitlines())
    assert all(line in rest for line in encode_lock(before).splitlines())  # a subsequence


def test_independent_changes_merge_cleanly(tmp_path: Path) -> None:
    base = lock_of(member("app", "f"), member("web", "k"), package("f"), package("k"))
    ours = lock_of(member("app", "f", "g"), member("web", "k"), package("f"), package("g"), package("k"))
    theirs = lock_of(member("app", "f"), member("web", "k", "z"), package("f"), package("k"), package("z"))
    both = lock_of(
        member("app", "f", "g"), member("web", "k", "z"), package("f"), package("g"), package("k"), package("z")
    )
    for name, lock in (("ours", ours), ("base", base), ("theirs", theirs)):
        (tmp_path / name).write_bytes(encode_lock(lock))
    merged = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=tmp_path, capture_output=True, check=False
    )
    assert merged.returncode == 0
    assert merged.stdout == encode_lock(both)


@pytest.mark.parametrize("line", [12, 20, 31])
def test_a_truncated_file_is_corrupt_and_names_its_last_line(line: int) -> None:
    data = b"\n".join(encode_lock(lock_of(member("app", "b"), package("b"))).split(b"\n")[:line])
    with pytest.raises(LockCorrupt) as caught:
        decode_lock(data)
    assert f"line {line}" in caught.value.message
    assert caught.value.hint


def test_what_is_not_json_names_the_line() -> None:
    lines = encode_lock(lock_of(member("app", "b"), package("b"))).split(b"\n")
    lines[7] = b"  oops"
    with pytest.raises(LockCorrupt, match="line 8"):
        decode_lock(b"\n".join(lines))


@pytest.mark.parametrize("data", [b"", b"\n", b"[]", b"{}", b'{"format": [1, 0], "members": [{"name": 1}]}', b"\xff"])
def test_what_is_not_a_lock_is_corrupt(data: bytes) -> None:
    with pytest.raises(LockCorrupt):
        decode_lock(data)


def test_a_hole_in_a_list_is_corrupt() -> None:
    data = encode_lock(lock_of(member("app", "b"), package("b")))
    with pytest.raises(LockCorrupt, match="middle"):
        decode_lock(data.replace(b'        {"name": "b"},', b'        null, {"name": "b"},'))


def test_conflict_markers_are_named() -> None:
    data = encode_lock(lock_of(member("app", "b"), package("b")))
    lines = data.split(b"\n")
    lines[10:11] = [b"<<<<<<< HEAD", lines[10], b"=======", lines[10], b">>>>>>> other"]
    with pytest.raises(LockConflicted, match="line 11") as caught:
        decode_lock(b"\n".join(lines))
    assert "interlock lock" in (caught.value.hint or "")


def test_a_newer_major_format_is_refused_whatever_it_holds() -> None:
    with pytest.raises(LockTooNew, match=r"3\.0"):
        decode_lock(b'{"format": [3, 0], "members": {"a": 1}}')
    with pytest.raises(LockTooNew):
        decode_lock(b'{"format": [3, 1]}')


def test_a_newer_minor_format_is_read_without_what_is_unknown() -> None:
    data = encode_lock(lock_of(member("app", "b"), package("b")))
    newer = data.replace(b'"format": [1, 0],', b'"format": [1, 7],\n  "novelty": {"a": [1]},')
    lock = decode_lock(newer)
    assert is_newer_minor(lock)
    assert lock.members == decode_lock(data).members
    assert not is_newer_minor(decode_lock(data))


@pytest.mark.parametrize(
    "source",
    [
        Git(url="https://user:secret@host.test/r.git", commit="a" * 40),
        Git(url="https://token@host.test/r.git", commit="a" * 40),
        Git(url="file:///home/me/r", commit="a" * 40),
        Url(url="https://user:secret@host.test/a.zip"),
        Directory(path="/home/me/x"),
        Directory(path="C:/x"),
    ],
)
def test_secrets_and_absolute_paths_cannot_be_written(source: Source) -> None:
    with pytest.raises(UnportableLock):
        encode_lock(lock_of(package("a", source=source)))


def test_hosts_of_artifacts_cannot_be_written() -> None:
    with pytest.raises(UnportableLock):
        encode_lock(lock_of(package("a", artifacts=(Artifact(filename="a.whl", location="https://host.test/a.whl"),))))


def test_an_account_of_ssh_is_no_secret() -> None:
    lock = lock_of(package("a", source=Git(url="ssh://git@host.test/r.git", commit="a" * 40)))
    assert decode_lock(encode_lock(lock)) == lock
