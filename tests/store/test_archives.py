from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from interlock.core.settings.limits import Limits
from interlock.store.archives import add_wheel, drop_wheel, open_wheel
from interlock.store.digests import DigestMismatch
from interlock.store.layout import Bucket, Layout
from interlock.store.wheels import BadWheel, EntryPoint, parse_record, parse_wheel_name
from interlock.store.zips import BadArchive, inflate, inflate_pieces, read_directory
from tests.wheels import dense_wheel, make_wheel


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


def repacked(data: bytes, change: dict[str, bytes | None], **added: bytes) -> bytes:
    """The archive with some entries replaced (None: taken out) and RECORD left as it was."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = change.get(info.filename, old.read(info))
            if content is not None:
                new.writestr(info, content)
        for name, content in added.items():
            new.writestr(name, content)
    return target.getvalue()


def with_entry(data: bytes, info: zipfile.ZipInfo | str, content: bytes = b"x") -> bytes:
    target = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(target, "a") as archive:
        # zipfile warns of duplicates and writes them all the same.
        warnings.simplefilter("ignore")
        archive.writestr(info, content)
    return target.getvalue()


def test_an_entry_of_an_earlier_version_is_listed_when_it_is_opened(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0", files={"foo/__init__.py": "", "foo/a,b.py": ""}, data={"data/share/x": "x"})
    stored = add_wheel(layout, wheel.data, filename=wheel.filename)
    listing = stored.listing
    assert listing.paths == ("foo-1.0.dist-info/METADATA", "foo-1.0.dist-info/WHEEL", "foo/__init__.py", "foo/a,b.py")
    assert listing.folders == ("foo", "foo-1.0.dist-info")
    assert b'"foo/a,b.py",sha256=' in listing.record
    assert listing.record.count(b"\n") == len(listing.paths)
    index = Path(stored.root, "files.msgpack")
    told = msgspec.msgpack.decode(index.read_bytes())
    del told["listing"]
    index.write_bytes(msgspec.msgpack.encode(told))
    assert open_wheel(layout, wheel.sha256) == stored


def test_a_wheel_is_unpacked_once_and_described(layout: Layout) -> None:
    wheel = make_wheel(
        "Foo.Bar",
        "1.0",
        files={"foo_bar/__init__.py": "", "foo_bar/run.sh": "#!/bin/sh\n"},
        data={"scripts/tool": "#!python\n", "data/share/x.txt": "x"},
        executable=["foo_bar/run.sh"],
        entry_points={"console_scripts": {"foo": "foo_bar:main"}, "gui_scripts": {"foow": "foo_bar.gui:App.run"}},
    )
    assert open_wheel(layout, wheel.sha256) is None
    stored = add_wheel(layout, wheel.data, filename=wheel.filename, sha256=wheel.sha256)
    assert open_wheel(layout, wheel.sha256) == stored
    assert (stored.name, stored.project, stored.version) == ("foo-bar", "Foo.Bar", "1.0")
    assert stored.dist_info == "foo_bar-1.0.dist-info"
    assert stored.data == "foo_bar-1.0.data"
    assert stored.root_is_purelib
    assert stored.tags == ("py3-none-any",)
    assert stored.entry_points == (
        EntryPoint(name="foo", module="foo_bar", attribute="main"),
        EntryPoint(name="foow", module="foo_bar.gui", attribute="App.run", gui=True),
    )
    assert stored.metadata == wheel.metadata
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        assert [file.path for file in stored.files] == sorted(archive.namelist())
        for file in stored.files:
            assert stored.read(file.path) == archive.read(file.path)
            assert file.size == len(archive.read(file.path))
            mode = stat.S_IMODE(os.stat(os.path.join(stored.tree, file.path)).st_mode)
            assert bool(mode & 0o100) == file.executable == (file.path == "foo_bar/run.sh")
    assert not list(layout.tmp.iterdir())


def test_a_path_is_read_through_a_memory_map(layout: Layout, tmp_path: Path) -> None:
    wheel = make_wheel("foo", "1.0")
    path = tmp_path / wheel.filename
    path.write_bytes(wheel.data)
    stored = add_wheel(layout, path, filename=wheel.filename)
    assert stored.sha256 == wheel.sha256
    path.write_bytes(b"")
    with pytest.raises(BadArchive):
        add_wheel(layout, path, filename=wheel.filename)


def test_the_hash_is_checked_before_anything_is_written_and_for_known_wheels_too(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0")
    with pytest.raises(DigestMismatch) as caught:
        add_wheel(layout, wheel.data, filename=wheel.filename, sha256="0" * 64)
    assert caught.value.actual == wheel.sha256
    assert not layout.root.exists()
    add_wheel(layout, wheel.data, filename=wheel.filename, sha256=wheel.sha256)
    with pytest.raises(DigestMismatch):
        add_wheel(layout, wheel.data, filename=wheel.filename, sha256="0" * 64)


def test_a_damaged_entry_is_replaced(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0")
    stored = add_wheel(layout, wheel.data, filename=wheel.filename)
    shutil.rmtree(stored.tree)
    assert open_wheel(layout, wheel.sha256) is None
    assert add_wheel(layout, wheel.data, filename=wheel.filename) == stored
    Path(stored.root, "files.msgpack").write_bytes(b"\xc1")
    assert open_wheel(layout, wheel.sha256) is None
    assert add_wheel(layout, wheel.data, filename=wheel.filename) == stored
    assert stored.read("foo.py")
    assert drop_wheel(layout, wheel.sha256)
    assert not drop_wheel(layout, wheel.sha256)
    assert open_wheel(layout, wheel.sha256) is None


def test_threads_and_processes_may_add_the_same_wheel_at_once(layout: Layout, tmp_path: Path) -> None:
    wheel = make_wheel("foo", "1.0", files={f"foo/m{n}.py": f"x = {n}\n" * 50 for n in range(80)})
    path = tmp_path / wheel.filename
    path.write_bytes(wheel.data)
    code = (
        "import sys; from pathlib import Path\n"
        "from interlock.store.archives import add_wheel; from interlock.store.layout import Bucket, Layout\n"
        "path = Path(sys.argv[1]); print(add_wheel(Layout(Path(sys.argv[2])), path, filename=path.name).root)"
    )
    command = [sys.executable, "-c", code, str(path), str(layout.root)]
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        roots = set(pool.map(lambda _: add_wheel(layout, path, filename=path.name).root, range(8)))
    roots |= {other.communicate()[0].strip() for other in others}
    assert roots == {str(layout.entry(Bucket.WHEELS, wheel.sha256))}
    stored = open_wheel(layout, wheel.sha256)
    assert stored is not None
    assert all(stored.read(file.path) for file in stored.files if file.size)
    assert not list(layout.tmp.iterdir())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../evil.py", "root"),
        ("foo/../../evil.py", "root"),
        ("/etc/evil", "relative"),
        ("C:/evil.py", "relative"),
        ("foo\\evil.py", "relative"),
        ("foo//evil.py", "canonical"),
        ("./foo.pyx", "canonical"),
        ("foo.py", "same name"),
        ("foo.py/x", "file and a folder"),
        ("f" * 256, "too long for a file"),
        ("é" * 128, "too long for a file"),
        (f"{'f' * 250}/" * 9 + "x", "nested too deeply"),
    ],
)
def test_dangerous_names_are_refused(layout: Layout, name: str, why: str) -> None:
    wheel = make_wheel("foo", "1.0")
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    data = with_entry(wheel.data, info)
    with pytest.raises(BadArchive, match=why):
        add_wheel(layout, data, filename=wheel.filename)
    assert not list(layout.tmp.iterdir())
    assert open_wheel(layout, hashlib.sha256(data).hexdigest()) is None


def test_names_that_differ_in_case_only_are_different_files(layout: Layout) -> None:
    files = {"foo.py": "1", "FOO.py": "2", "foo/a.py": "3", "Foo/A.py": "4", "Foo/a.py": "5", "FOO.PY/x": "6"}
    if sys.platform in {"win32", "darwin"}:
        pytest.skip("the file system does not tell them apart")
    stored = add_wheel(layout, (wheel := make_wheel("foo", "1.0", files=files)).data, filename=wheel.filename)
    assert {name: stored.read(name).decode() for name in files} == files


def test_links_and_special_files_are_refused(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0")
    for kind in (0o120777, 0o020666, 0o010644):
        info = zipfile.ZipInfo("foo/link")
        info.create_system = 3
        info.external_attr = kind << 16
        with pytest.raises(BadArchive, match=r"link|special"):
            add_wheel(layout, with_entry(wheel.data, info, b"/etc/passwd"), filename=wheel.filename)


def test_encrypted_and_odd_compression_are_refused() -> None:
    wheel = make_wheel("foo", "1.0")
    at = wheel.data.index(b"PK\x01\x02")
    encrypted = bytearray(wheel.data)
    encrypted[at + 8] |= 1
    with pytest.raises(BadArchive, match="encrypted"):
        read_directory(memoryview(bytes(encrypted)))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x", b"x")
    with pytest.raises(BadArchive, match="compression method 14"):
        read_directory(memoryview(target.getvalue()))


def test_an_entry_that_inflates_to_more_than_it_declares_is_refused() -> None:
    for size in (100_000, 40_000_000):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x", os.urandom(1000) + bytes(size))
        data = bytearray(target.getvalue())
        at = data.index(b"PK\x01\x02")
        struct.pack_into("<L", data, at + 24, 5000)
        view = memoryview(bytes(data))
        [entry] = read_directory(view)
        with pytest.raises(BadArchive, match="size"):
            inflate(view, entry)
        with pytest.raises(BadArchive, match="size"):
            for _ in inflate_pieces(view, entry):
                pass


def test_bombs_and_overlaps_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("x", bytes(1 << 20))
    bomb = bytearray(target.getvalue())
    struct.pack_into("<L", bomb, bomb.index(b"PK\x01\x02") + 24, 300 << 20)
    with pytest.raises(BadArchive, match="size that it declares"):
        read_directory(memoryview(bytes(bomb)))
    with pytest.raises(BadArchive, match="would unpack to") as raised:
        read_directory(memoryview(target.getvalue()), Limits(unpacked_size=1000))
    assert "INTERLOCK_LIMIT_UNPACKED_SIZE" in (raised.value.hint or "")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a", b"aaaa")
        archive.writestr("b", b"bbbb")
    data = bytearray(target.getvalue())
    second = data.rindex(b"PK\x01\x02")
    first = data.index(b"PK\x01\x02")
    data[second : second + 46] = data[first : first + 46]
    data[second + 46] = ord("a")
    with pytest.raises(BadArchive):
        read_directory(memoryview(bytes(data)))


@pytest.mark.parametrize("name", ["METADATA", "WHEEL", "RECORD", "entry_points.txt"])
def test_a_text_of_a_wheel_is_not_inflated_when_no_text_is_as_dense(layout: Layout, name: str) -> None:
    with pytest.raises(BadWheel, match=f"{name} would have .* not plausible"):
        add_wheel(layout, dense_wheel(name), filename="a-1.0-py3-none-any.whl")
    assert not list(layout.tmp.iterdir())


def test_damage_is_noticed() -> None:
    wheel = make_wheel("foo", "1.0", files={"foo.py": "x = 1\n" * 500})
    view = memoryview(wheel.data)
    entry = next(entry for entry in read_directory(view) if entry.name == "foo.py")
    assert bytes(inflate(view, entry)) == b"x = 1\n" * 500
    assert b"".join(inflate_pieces(view, entry)) == b"x = 1\n" * 500
    damaged = bytearray(wheel.data)
    damaged[entry.offset + 4] ^= 0xFF
    with pytest.raises(BadArchive):
        inflate(memoryview(bytes(damaged)), entry)
    for cut in (10, len(wheel.data) // 2, len(wheel.data) - 10):
        with pytest.raises(BadArchive):
            read_directory(memoryview(wheel.data[:cut]))


@pytest.mark.slow
def test_zip64_is_read() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        with archive.open("x", "w", force_zip64=True) as file:
            file.write(b"hello")
        for number in range(65_600):
            archive.writestr(f"f{number}", b"")
    view = memoryview(target.getvalue())
    entries = read_directory(view)
    assert len(entries) == 65_601
    assert bytes(inflate(view, entries[0])) == b"hello"


def test_a_wheel_that_contradicts_itself_is_refused(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0")
    info = "foo-1.0.dist-info"
    for filename, why in (
        ("bar-1.0-py3-none-any.whl", "its file name about bar"),
        ("foo-1.1-py3-none-any.whl", "file name 1.1"),
        ("foo.zip", "form"),
    ):
        with pytest.raises(BadWheel, match=why):
            add_wheel(layout, wheel.data, filename=filename)
    cases: list[tuple[dict[str, bytes | None], str]] = [
        ({f"{info}/METADATA": b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"}, "about other"),
        ({f"{info}/METADATA": b"Metadata-Version: 2.1\nName: foo\nVersion: 2.0\n"}, "version 2.0"),
        ({f"{info}/METADATA": None}, "no METADATA"),
        ({f"{info}/WHEEL": b"Wheel-Version: 2.0\n"}, "format version 2.0"),
        ({f"{info}/WHEEL": b"Tag: x\n"}, "Wheel-Version"),
        ({f"{info}/RECORD": None}, "no RECORD"),
        ({"foo.py": b"evil"}, "hash that its RECORD states"),
    ]
    for change, why in cases:
        with pytest.raises(BadWheel, match=why):
            add_wheel(layout, repacked(wheel.data, change), filename=wheel.filename)
    other = repacked(wheel.data, {}, **{"bar-1.0.dist-info/RECORD": b""})
    with pytest.raises(BadWheel, match=r"2 \.dist-info"):
        add_wheel(layout, other, filename=wheel.filename)
    assert not list(layout.tmp.iterdir())


def test_versions_are_compared_in_normal_form(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0.0")
    assert add_wheel(layout, wheel.data, filename="foo-1.0-py3-none-any.whl").version == "1.0.0"


def test_missing_lines_and_missing_hashes_of_record_are_tolerated(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0", record="foo.py,,\nfoo-1.0.dist-info/RECORD,,\nfoo-1.0.dist-info/WHEEL,md5=abc,\n")
    stored = add_wheel(layout, wheel.data, filename=wheel.filename)
    assert all(file.sha256 for file in stored.files)


def test_records_are_read_with_quotes_and_other_hashes() -> None:
    text = b'"a,b.py",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nc.py,sha512=YQ,1\nd.py,md5=x,1\n'
    found = parse_record(text, "x.whl")
    assert found["a,b.py"] == ("sha256", hashlib.sha256(b"").hexdigest())
    assert found["c.py"] == ("sha512", "61")
    assert found["d.py"] == ("", "")


def test_wheel_names() -> None:
    assert parse_wheel_name("a-1-2x-py3-none-any.whl").build == "2x"
    for bad in ("a-1-x-py3-none-any.whl", "a-1-py3-none.whl", "a-1-1-2-py3-none-any.whl"):
        with pytest.raises(BadWheel):
            parse_wheel_name(bad)


@pytest.mark.parametrize("at_the_end", [True, False])
def test_large_files_are_streamed(layout: Layout, at_the_end: bool) -> None:
    """Also where a few bytes become many: then more is waiting to be written than one piece takes."""
    dense, sparse = os.urandom(1 << 20), bytes((32 << 20) + 7)
    content = dense + sparse if at_the_end else sparse + dense
    wheel = make_wheel("foo", "1.0", files={"foo.bin": content})
    stored = add_wheel(layout, wheel.data, filename=wheel.filename)
    assert stored.read("foo.bin") == content


def test_files_that_the_record_leaves_out_are_told_by_name(layout: Layout) -> None:
    wheel = make_wheel("foo", "1.0", files={"foo.py": "x = 1\n"})
    assert add_wheel(layout, wheel.data, filename=wheel.filename).unverified == ()
    stored = add_wheel(layout, repacked(wheel.data, {}, **{"extra.py": b"y = 1\n"}), filename=wheel.filename)
    assert stored.unverified == ("extra.py",)
    again = open_wheel(layout, stored.sha256)
    assert again is not None
    assert again.unverified == ("extra.py",)
