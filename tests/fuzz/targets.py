"""What reads bytes or text that others wrote, each with a few inputs to begin from.

A target may refuse its input with an error of the product, or with the exception that its docstring names; anything
else, more than a second of processor time, and more than 64 MB are findings.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion

from interlock.build.sdist import read_pkg_info, unpack_sdist
from interlock.core.editing.requirement_wishes import parse_requirements_file
from interlock.core.foreign_locks import parse_foreign_lock
from interlock.core.git_url import canonical_git_url, parse_git_url, redact_url
from interlock.core.lock.codec import decode_lock
from interlock.core.manifests.parse import parse_manifest
from interlock.core.markers.expression import parse_expression
from interlock.core.markers.meaning import requires_python_marker
from interlock.core.metadata_text import parse_metadata, repair_specifier
from interlock.core.names import NormalizedName
from interlock.core.requirements import parse_requirement
from interlock.core.versions import parse_specifier, parse_version
from interlock.errors import InterlockError
from interlock.index.pages import read_page
from interlock.index.wheel_tail import NotAWheel, Pieces, find_metadata
from interlock.store.archives import add_wheel
from interlock.store.layout import Layout
from interlock.store.wheels import parse_entry_points, parse_record, parse_wheel_file
from tests.wheels import make_sdist, make_wheel

__all__ = ["REFUSALS", "SEEDS", "TARGETS"]

REFUSALS = (InterlockError, InvalidSpecifier, InvalidVersion, NotAWheel)
_A = NormalizedName("a")
_PAGE = "https://index.test/simple/a/"


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("utf-8", "replace"))


def _archive(data: bytes, filename: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / filename
        path.write_bytes(data)
        with suppress(InterlockError):
            read_pkg_info(path)
        unpack_sdist(path, Path(folder) / "out")


def _wheel(data: bytes) -> None:
    pieces = Pieces()
    pieces.add(0, data)
    with suppress(NotAWheel):
        find_metadata(pieces, "a-1.0-py3-none-any.whl")
    with tempfile.TemporaryDirectory() as folder:
        add_wheel(Layout(Path(folder)), data, filename="a-1.0-py3-none-any.whl")


def _git(text: str) -> None:
    redact_url(text)
    canonical_git_url(parse_git_url(text).url)


def _specifier(text: str) -> None:
    requires_python_marker(text)
    repair_specifier(text)
    parse_specifier(text)


TARGETS: dict[str, Callable[[bytes], object]] = {
    "page-json": lambda data: read_page(_A, data, "application/vnd.pypi.simple.v1+json", _PAGE, index="i"),
    "page-html": lambda data: read_page(_A, data, "text/html", _PAGE, index="i"),
    "metadata": parse_metadata,
    "wheel": _wheel,
    "sdist-tar": lambda data: _archive(data, "a-1.0.tar.gz"),
    "sdist-plain-tar": lambda data: _archive(data, "a-1.0.tar"),
    "sdist-zip": lambda data: _archive(data, "a-1.0.zip"),
    "lock": decode_lock,
    "manifest": lambda data: parse_manifest(data, path=".", file="pyproject.toml"),
    "foreign-lock": lambda data: [
        parse_foreign_lock(name, data) for name in ("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock")
    ],
    "requirement": _text(parse_requirement),
    "requirements-file": _text(parse_requirements_file),
    "marker": _text(parse_expression),
    "specifier": _text(_specifier),
    "version": _text(parse_version),
    "git-url": _text(_git),
    "record": lambda data: parse_record(data, "a.whl"),
    "wheel-file": lambda data: parse_wheel_file(data, "a.whl"),
    "entry-points": lambda data: parse_entry_points(data, "a.whl"),
}

_MANIFEST = b"""[project]
name = "a"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["b>=1,<2 ; os_name == 'nt'", "c[x] @ https://h.test/c-1.0.tar.gz"]
optional-dependencies = { x = ["d"] }
[dependency-groups]
dev = ["e", { include-group = "test" }]
test = []
[tool.interlock.workspace]
members = ["packages/*"]
[tool.interlock.sources]
b = { git = "https://h.test/b.git", tag = "v1" }
[[tool.interlock.index]]
name = "i"
url = "https://index.test/simple/"
"""
_POETRY = b"""[[package]]
name = "b"
version = "1.0"
files = [{file = "b-1.0.tar.gz", hash = "sha256:00"}]
[metadata]
lock-version = "2.1"
"""
_FILE = {"filename": "a-1.0-py3-none-any.whl", "url": "/f/a-1.0-py3-none-any.whl", "hashes": {"sha256": "0" * 64}}

SEEDS: dict[str, tuple[bytes, ...]] = {
    "page-json": (msgspec.json.encode({"meta": {"api-version": "1.1"}, "name": "a", "files": [
        {**_FILE, "size": 3, "yanked": "x", "upload-time": "2024-01-01T00:00:00Z", "requires-python": ">=3.8"}]}),),
    "page-html": (b'<!DOCTYPE html><html><a href="/f/a-1.0-py3-none-any.whl#sha256=00" data-yanked="x"'
                  b' data-requires-python="&gt;=3.8">a</a><!-- x --><base href="/x/"></html>',),
    "metadata": (b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\nRequires-Python: >=3.8\n"
                 b"Requires-Dist: b>=1; extra == 'x'"
                 b"\nProvides-Extra: x\nDynamic: License\n\ntext",),
    "wheel": (make_wheel("a", "1.0", files={"a.py": "x = 1\n"}).data,),
    "sdist-tar": (make_sdist("a", "1.0").data,),
    "sdist-plain-tar": (gzip.decompress(make_sdist("a", "1.0").data),),
    "sdist-zip": (make_wheel("a", "1.0").data,),
    "lock": (b'{"format": [1, 0], "requires-python": ">=3.11", "inputs": {}, "forks": [], "members": [],'
             b' "packages": []}',),
    "manifest": (_MANIFEST,),
    "foreign-lock": (_POETRY, b'{"default": {"b": {"version": "==1.0"}}, "develop": {}}',),
    "requirement": (b"a[x,y]>=1.0,<2 ; python_version >= '3.8' and (os_name == 'nt' or extra == 'z')",
                    b"a @ git+https://h.test/a.git@v1#subdirectory=b"),
    "requirements-file": (b"a==1.0 --hash=sha256:00 \\\n  --hash=sha256:01\n-r other.txt\n-e ./b\n"
                          b"c @ https://h.test/c.whl\n",),
    "marker": (b"python_version >= '3.8' and platform_machine == 'x' or (sys_platform in 'a b' and extra != \"y\")",),
    "specifier": (b">=1.0,<2,!=1.5.*,~=1.2,===x",),
    "version": (b"1!2.3.4rc1.post2.dev3+local.1",),
    "git-url": (b"git+ssh://git@h.test:22/a/b.git@v1#subdirectory=c&egg=d", b"git@h.test:a/b.git"),
    "record": (b'a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"b,c.py",,\n',),
    "wheel-file": (b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nBuild: 1\n",),
    "entry-points": (b"[console_scripts]\na = b.c:d [e]\n[gui_scripts]\nf=g:h # i\n",),
}  # fmt: skip
