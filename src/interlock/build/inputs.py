"""What decides the result of a build beside its settings: the content of the tree, its revision, and variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from interlock.build.digest import DESCRIPTION, description_digest, tree_digest
from interlock.build.revision import reads_revision
from interlock.build.source_tree import SourceTree
from interlock.core.manifests.manifest import BuildSystem
from interlock.store.layout import Layout

__all__ = ["Inputs", "named_variables", "read_inputs"]

# Variables that backends and compilers are known to take decisions from.
_DECISIVE = re.compile(
    r"(SETUPTOOLS_|DISTUTILS_|PBR_|HATCH_|PDM_|POETRY_|FLIT_|SKBUILD_|CMAKE_|MESON|NINJA|MATURIN_|CARGO_|RUST|PYO3_|CYTHON"
    r"|CIBW_|NPY_|VERSIONEER_|DUNAMAI_|MACOSX_DEPLOYMENT_TARGET|ARCHFLAGS|SDKROOT|SOURCE_DATE_EPOCH|_PYTHON_HOST_PLATFORM"
    r"|(CC|CXX|FC|LD|AR|CFLAGS|CPPFLAGS|CXXFLAGS|FFLAGS|LDFLAGS|LIBRARY_PATH|CPATH|C_INCLUDE_PATH|PKG_CONFIG_PATH)$)"
    r"|.*_PRETEND_VERSION"
)
_VARIABLE = re.compile(rb"(?<![\w$])[A-Z][A-Z0-9_]{2,}(?!\w)")


def named_variables(tree: Path, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Environment variables that the files which steer a build mention by name; blocking."""
    found: set[str] = set()
    for path in {*(tree / name for name in DESCRIPTION), *tree.glob("*.py")}:
        with suppress(OSError):
            found |= {os.fsdecode(word) for word in _VARIABLE.findall(path.read_bytes())}
    return [(name, environ[name]) for name in sorted(found & environ.keys())]


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    content: str
    """Digest of the tree, or what stands for it."""
    reads_revision: bool
    """Whether the build may look at version control."""
    variables: frozenset[tuple[str, str]]


def read_inputs(
    layout: Layout, source: SourceTree, system: BuildSystem, environ: Mapping[str, str], narrow: bool
) -> Inputs:
    """Look at a tree; with ``narrow`` only at what describes the project. Blocking.

    Raises :class:`InvalidSourceTree`.
    """
    decisive = {(name, value) for name, value in environ.items() if _DECISIVE.match(name)}
    variables = frozenset(decisive | set(named_variables(source.path, environ)))
    if source.identity:
        return Inputs(content=source.identity, reads_revision=False, variables=variables)
    content = (description_digest if narrow else tree_digest)(layout, source.path)
    return Inputs(content=content, reads_revision=reads_revision(source.path, system), variables=variables)
