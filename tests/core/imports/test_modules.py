"""Which modules a wheel offers, by the names of its files, and what the standard library has."""

from __future__ import annotations

import sys

import pytest

from interlock.core.imports.modules import Modules, modules_of
from interlock.core.imports.standard import standard_modules

FILES = {
    "a package": ("yaml/__init__.py yaml/nodes.py yaml/data/x.txt", "yaml", ""),
    "a module": ("six.py six-1.0.dist-info/METADATA", "six", ""),
    "modules in C": ("_yaml.cpython-312-linux.so fast.abi3.so win.cp312-win_amd64.pyd", "_yaml fast win", ""),
    "a namespace": ("g/cloud/storage/__init__.py g/cloud/storage/x.py g/auth.py", "g.auth g.cloud.storage", ""),
    "a namespace in a package": ("a/__init__.py a/b/c.py", "a", ""),
    "stubs": ("click-stubs/__init__.pyi click-stubs/core.pyi", "", "click"),
    "stubs of a part": ("google-stubs/cloud/x.pyi", "", "google.cloud.x"),
    "what is elsewhere": ("x-1.data/purelib/x/__init__.py x-1.data/scripts/z.py x-1.data/platlib/y.py", "x y", ""),
    "what nobody can import": ("numpy.libs/lib.so bin/a-b.py data/x.json 1x.py", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_modules_by_files(case: str) -> None:
    files, names, stubs = FILES[case]
    assert modules_of(files.split()) == Modules(tuple(names.split()), tuple(stubs.split()))


def test_the_standard_library_is_that_of_the_pythons_of_a_member() -> None:
    assert {"os", "tomllib", "__future__", "_thread"} <= standard_modules(">=3.9")
    assert "tomllib" not in standard_modules(">=3.9,<3.11")
    assert "telnetlib" in standard_modules(">=3.12")
    assert "telnetlib" not in standard_modules(">=3.13")
    assert "distutils" not in standard_modules(">=3.12.4,<4")
    assert standard_modules("") >= sys.stdlib_module_names
    assert standard_modules(">=99") >= {"os", "imp"}
