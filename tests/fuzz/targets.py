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
from interlock.core.artifacts.tags import implied_marker, parse_sdist_filename, parse_wheel_filename
from interlock.core.editing.requirement_wishes import parse_requirements_file
from interlock.core.editing.script_metadata import parse_script
from interlock.core.foreign.locks import parse_foreign_lock
from interlock.core.foreign.projects import from_pipfile
from interlock.core.lock.codec import decode_lock
from interlock.core.manifests.parse import parse_manifest
from interlock.core.markers.expression import parse_expression
from interlock.core.markers.meaning import requires_python_marker
from interlock.core.metadata.text import parse_metadata, repair_specifier
from interlock.core.names import NormalizedName
from interlock.core.requirements.parse import parse_requirement
from interlock.core.sources.addresses import address_problem
from interlock.core.sources.git_url import canonical_git_url, parse_git_url, redact_url
from interlock.core.versions.poetry_constraint import platform_marker, python_marker, specifier_of
from interlock.core.versions.version_list import parse_specifier, parse_version
from interlock.errors import InterlockError
from interlock.index.pages import read_page
from interlock.index.sdist_info import read_pkg_info as read_sdist_info
from interlock.index.wheel_tail import NotAWheel, Pieces, find_metadata
from interlock.store.archives import add_wheel
from interlock.store.layout import Layout
from interlock.store.wheels import parse_entry_points, parse_record, parse_wheel_file, parse_wheel_name
from tests.fuzz import user_files
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
        read_sdist_info(path, filename)
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


def _constraint(text: str) -> None:
    for read in (specifier_of, python_marker, platform_marker):
        with suppress(InterlockError, InvalidSpecifier, InvalidVersion):
            read(text)


def _wheel_name(text: str) -> None:
    parse_wheel_filename(text)
    with suppress(InterlockError):
        parse_wheel_name(text)
    parse_sdist_filename(text, "a")
    implied_marker(text)


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
    "poetry-lock": lambda data: parse_foreign_lock("poetry.lock", data, (parse_requirement("b>=1"),)),
    "uv-lock": lambda data: parse_foreign_lock("uv.lock", data),
    "pylock": lambda data: parse_foreign_lock("pylock.toml", data),
    "pipfile-lock": lambda data: parse_foreign_lock("Pipfile.lock", data),
    "pipfile": _text(from_pipfile),
    "script": lambda data: parse_script(data, "s.py"),
    "poetry-constraint": _text(_constraint),
    "wheel-name": _text(_wheel_name),
    "address": _text(address_problem),
    "requirement": _text(parse_requirement),
    "requirements-file": _text(parse_requirements_file),
    "marker": _text(parse_expression),
    "specifier": _text(_specifier),
    "version": _text(parse_version),
    "git-url": _text(_git),
    "record": lambda data: parse_record(data, "a.whl"),
    "wheel-file": lambda data: parse_wheel_file(data, "a.whl"),
    "entry-points": lambda data: parse_entry_points(data, "a.whl"),
    **user_files.TARGETS,
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
_UV = b"""version = 1
[[package]]
name = "b"
version = "1.0"
source = { registry = "https://index.test/simple/" }
resolution-markers = ["os_name == 'nt'"]
[[package]]
name = "c"
version = "1.0"
source = { editable = "c" }
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
    "poetry-lock": (_POETRY, _POETRY.replace(b"files", b"groups = ['main']\nmarkers = 'os_name == \"nt\"'\nfiles")),
    "uv-lock": (_UV,),
    "pylock": (b'lock-version = "1.0"\n[[packages]]\nname = "b"\nversion = "1.0"\nmarker = "os_name == \'nt\'"\n'
               b'[[packages]]\nname = "c"\ndirectory = { path = "c" }\n',),
    "pipfile-lock": (b'{"_meta": {}, "default": {"b": {"version": "==1.0", "markers": "os_name == \'nt\'"}},'
                     b' "develop": {"c": {"path": "."}}}',),
    "pipfile": (b'[[source]]\nurl = "https://index.test/"\nname = "i"\n[packages]\nb = "*"\n'
                b'c = {version = ">=1", extras = ["x"], markers = "os_name == \'nt\'", index = "i"}\n'
                b'd = {git = "https://h.test/d.git", ref = "v1"}\n[requires]\npython_version = "3.11"\n',),
    "script": (b'#!/usr/bin/env python\n# /// script\n# requires-python = ">=3.11"\n# dependencies = ["a>=1"]\n# ///\n'
               b'print("""\n# /// script\n""")\n',),
    "poetry-constraint": (b"^1.2.3 || ~2.0,!=2.0.5", b">=1,<2 | 3.*", b"linux || !win32"),
    "wheel-name": (b"a_b-1.0+l-1x-py2.py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", b"a-1.0.tar.gz"),
    "address": (b"https://ann:s%40w@h.test:8080/a/../b?c#d", b"https://[::1%25eth0]:1/", "https://bücher.test/".encode()),
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
    **user_files.SEEDS,
}  # fmt: skip
