"""Pins from the locks of other tools."""

from __future__ import annotations

import pytest

from interlock.core.foreign.locks import UnreadableLock, parse_foreign_lock
from interlock.core.lock.pins import Pin, forks_of
from interlock.core.names import normalize_name
from interlock.core.requirements.requirement import Requirement


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


PIPFILE = b"""{"_meta": {"sources": []}, "default": {"a": {"version": "==1.0", "markers": "os_name == 'nt'"},
"b": {"git": "x"}, "c": "no table"}, "develop": {"d": {"version": "==2", "path": "."}}}"""


def test_the_lock_of_pipenv_has_a_table_for_each_group() -> None:
    assert parse_foreign_lock("Pipfile.lock", PIPFILE) == (
        Pin(name=normalize_name("a"), version="1.0", markers=("os_name == 'nt'",)),
        Pin(name=normalize_name("d"), version="2", local=True),
    )


def test_the_markers_of_pdm_and_of_lists_are_kept() -> None:
    pdm = b'[[package]]\nname = "a"\nversion = "1"\nmarker = "os_name == \'nt\'"\n'
    assert parse_foreign_lock("pdm.lock", pdm)[0].markers == ("os_name == 'nt'",)
    assert parse_foreign_lock("all.txt", b'a==1 ; os_name == "nt"\n')[0].markers == ('os_name == "nt"',)


def test_a_group_of_poetrys_that_has_no_marker_needs_the_package_everywhere() -> None:
    entry = '[[package]]\nname = "a"\nversion = "1"\ngroups = ["dev", "main"]\n'
    marked = "markers = { main = \"os_name == 'nt'\" }\n"
    (one,) = parse_foreign_lock("poetry.lock", (entry + marked).encode())
    assert one.markers == ()
    both = "markers = { main = \"os_name == 'nt'\", dev = \"os_name == 'posix'\" }\n"
    (one,) = parse_foreign_lock("poetry.lock", (entry + both).encode())
    assert one.markers == ("os_name == 'nt'", "os_name == 'posix'")


OLD_LOCK = """\
[[package]]
name = "numpy"
version = "1.26.4"
python-versions = ">=3.9"

[[package]]
name = "numpy"
version = "2.2.6"
python-versions = ">=3.10"

[[package]]
name = "pandas"
version = "2.0"
python-versions = ">=3.9"

[package.dependencies]
numpy = [
    {version = ">=1.20,<2", markers = "python_version < \\"3.12\\""},
    {version = ">=2", markers = "python_version >= \\"3.12\\""},
]
six = {version = "*", optional = true, markers = "extra == \\"x\\""}

[metadata]
lock-version = "2.0"
"""


def test_forks_of_an_old_poetry_lock_follow_from_who_asks_for_what() -> None:
    found = {
        pin.version: pin.markers for pin in parse_foreign_lock("poetry.lock", OLD_LOCK.encode()) if pin.name == "numpy"
    }
    assert found == {
        "1.26.4": ("python_full_version >= '3.9' and python_full_version < '3.12'",),
        "2.2.6": ("python_full_version >= '3.12'",),
    }
    pins = parse_foreign_lock("poetry.lock", OLD_LOCK.encode())
    assert forks_of(pins) != ()


def test_the_project_decides_too_where_a_version_of_an_old_poetry_lock_counts() -> None:
    entries = OLD_LOCK.partition('[[package]]\nname = "pandas"')[0]
    asked = (
        Requirement(normalize_name("numpy"), "<2", 'sys_platform == "win32"'),
        Requirement(normalize_name("numpy"), ">=2", 'sys_platform != "win32"'),
    )
    pins = parse_foreign_lock("poetry.lock", entries.encode(), asked)
    assert [pin.markers for pin in pins] == [
        ("python_full_version >= '3.9' and sys_platform == 'win32'",),
        ("python_full_version >= '3.10' and sys_platform != 'win32'",),
    ]
    assert [pin.markers for pin in parse_foreign_lock("poetry.lock", entries.encode())] == [
        ("python_version == '3.9'",),
        ("python_full_version >= '3.10'",),
    ], "where all will do it is the newest"


def old_lock(*entries: str) -> bytes:
    return "".join(f"[[package]]\n{entry}\n" for entry in entries).encode()


ODD = [
    'name = "a"\nversion = "1"\npython-versions = "^3.8 oops"',
    'name = "a"\nversion = "2"\npython-versions = 3',
    'name = "b"\nversion = "1"\n[package.dependencies]\na = "<2"\n"-" = "1"\nc = "oops"\nd = 1\n'
    'e = {version = "1", markers = 1}\nf = {version = "1", markers = "oops"}',
    'name = "-"\nversion = "1"',
    "name = 1",
]


def test_what_an_old_poetry_lock_says_oddly_decides_nothing() -> None:
    asked = (Requirement(normalize_name("a"), url="https://h.test/a.zip"), Requirement(normalize_name("a")))
    pins = parse_foreign_lock("poetry.lock", old_lock(*ODD), asked)
    assert [(pin.name, pin.version, pin.markers) for pin in pins] == [("a", "1", ()), ("a", "2", ()), ("b", "1", ())]


def test_versions_that_count_nowhere_make_a_package_one_without_forks() -> None:
    entry = 'name = "a"\nversion = "{}"\npython-versions = "*"'
    pins = parse_foreign_lock("poetry.lock", old_lock(entry.format("1"), entry.format("2"), entry.format("oops")))
    assert {pin.markers for pin in pins} == {()}


def test_a_tower_of_versions_is_followed_as_far_as_a_lock_has_them() -> None:
    """Which version of each storey counts follows from the one above it."""
    storeys = ["a", "b", "c", "d", "e", "f", "g", "h"]
    entries = []
    for name, below in zip(storeys, [*storeys[1:], ""], strict=True):
        for version, bound in (("1", "<2"), ("2", ">=2")):
            needs = f'\n[package.dependencies]\n{below} = "{bound}"' if below else ""
            entries.append(f'name = "{name}"\nversion = "{version}"{needs}')
    asked = [Requirement(normalize_name("a"), bound, marker) for bound, marker in
             (("<2", "sys_platform == 'win32'"), (">=2", "sys_platform != 'win32'"))]  # fmt: skip
    found = parse_foreign_lock("poetry.lock", old_lock(*reversed(entries)), asked)
    top = {pin.version: pin.markers for pin in found if pin.name == "a"}
    assert top == {"1": ("sys_platform == 'win32'",), "2": ("sys_platform != 'win32'",)}
    assert {pin.version: pin.markers for pin in found if pin.name == "c"} == top


def pin(version: str, *markers: str, name: str = "a") -> Pin:
    return Pin(name=normalize_name(name), version=version, markers=markers)


@pytest.mark.parametrize(
    "pins",
    [
        [],
        [pin("1"), pin("2")],
        [pin("1", "os_name == 'nt'")],
        [pin("1", "extra == 'x'"), pin("2", "extra == 'y'")],
        [pin("1", "oops"), pin("2", "os_name == 'nt'")],
        [pin("1", "python_version < '3' and python_version > '3'"), pin("2", "os_name == 'nt'")],
    ],
)
def test_what_does_not_say_where_it_counts_splits_nothing(pins: list[Pin]) -> None:
    assert forks_of(pins) == ()


def test_more_forks_than_people_make_are_none() -> None:
    many = [
        pin(version, f"python_full_version {sign} '3.{number}'", name=f"p{number}")
        for number in range(70)
        for version, sign in (("1", "<"), ("2", ">="))
    ]
    assert forks_of(many) == ()
    assert len(forks_of(many[:20])) == 11


def tower(height: int) -> dict[tuple[str, str], tuple[str, ...]]:
    """Each version of a package asks for one of the package that comes before it in the alphabet."""
    entries = []
    for floor in range(height):
        for version in ("1", "2"):
            asks = f'\n[package.dependencies]\np{floor - 1} = "{version}"' if floor else ""
            entries.append(f'name = "p{floor}"\nversion = "{version}"\npython-versions = ">=3.9"{asks}')
    top = normalize_name(f"p{height - 1}")
    asked = (
        Requirement(top, "==1", 'python_version < "3.12"'),
        Requirement(top, "==2", 'python_version >= "3.12"'),
    )
    pins = parse_foreign_lock("poetry.lock", old_lock(*entries), asked)
    return {(pin.name, pin.version): pin.markers for pin in pins}


def test_who_asks_for_a_version_may_have_several_himself() -> None:
    where = {
        "1": ("python_full_version >= '3.9' and python_full_version < '3.12'",),
        "2": ("python_full_version >= '3.12'",),
    }
    assert tower(4) == {(f"p{floor}", version): where[version] for floor in range(4) for version in ("1", "2")}


def test_a_tower_of_versions_that_is_too_high_is_left_without_forks_below() -> None:
    found = tower(9)
    assert found["p8", "2"] == ("python_full_version >= '3.12'",)
    assert found["p0", "1"] == found["p0", "2"] == ()
