"""Pins from the locks of other tools."""

from __future__ import annotations

import pytest

from interlock.core.foreign.locks import UnreadableLock, parse_foreign_lock
from interlock.core.lock.pins import Pin
from interlock.core.names import normalize_name


def test_the_lock_of_uv() -> None:
    """Forks have their markers; what is a tree of this machine is told apart."""
    lock = b"""
version = 1
[[package]]
name = "numpy"
version = "1.26"
source = { registry = "https://index.test/simple" }
resolution-markers = ["python_version < '3.12'"]
[[package]]
name = "numpy"
version = "2.0"
resolution-markers = ["python_version >= '3.12'"]
[[package]]
name = "My_App"
version = "0.1"
source = { editable = "." }
[[package]]
name = "dynamic"
source = { editable = "x" }
"""
    assert parse_foreign_lock("uv.lock", lock) == (
        Pin(name=normalize_name("numpy"), version="1.26", markers=("python_version < '3.12'",)),
        Pin(name=normalize_name("numpy"), version="2.0", markers=("python_version >= '3.12'",)),
        Pin(name=normalize_name("my-app"), version="0.1", local=True),
    )


def test_the_locks_of_poetry_pdm_and_the_standard() -> None:
    one = b'[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "b"\nversion = "2"\n'
    poetry = one + b'[package.source]\ntype = "directory"\nurl = "../b"\n'
    assert [(pin.name, pin.local) for pin in parse_foreign_lock("poetry.lock", poetry)] == [("a", False), ("b", True)]
    pdm = one + b'path = "./b"\n'
    assert [(pin.name, pin.local) for pin in parse_foreign_lock("pdm.lock", pdm)] == [("a", False), ("b", True)]
    entries = b'[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "b"\ndirectory = { path = "b" }\n'
    pylock = b'lock-version = "1.0"\n' + entries
    assert [pin.name for pin in parse_foreign_lock("pylock.toml", pylock)] == ["a"]


def test_a_list_of_requirements_gives_exact_pins_only() -> None:
    text = b"a==1.0 --hash=sha256:00\nb>=2\nc==3.*\nd==1,!=2\n-e ./e\nF===4\n"
    assert [(pin.name, pin.version) for pin in parse_foreign_lock("requirements.txt", text)] == [
        ("a", "1.0"),
        ("f", "4"),
    ]


@pytest.mark.parametrize(("file", "data"), [("uv.lock", b"= 1"), ("uv.lock", b"\xff"), ("pdm.lock", b"package = 1")])
def test_what_is_no_lock_is_told(file: str, data: bytes) -> None:
    with pytest.raises(UnreadableLock, match=file):
        parse_foreign_lock(file, data)
