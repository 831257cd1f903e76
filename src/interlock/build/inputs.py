"""What decides the result of a build beside its settings: the content of the tree, its revision, and variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import msgspec

from interlock.build.cache_keys import keys_digest
from interlock.build.declared import Declared
from interlock.build.digest import description_digest, read_top, tree_digest
from interlock.build.revision import reads_revision
from interlock.build.source_tree import SourceTree
from interlock.store.layout import Layout

__all__ = ["Inputs", "decisive_variables", "named_variables", "read_inputs"]

# Variables that backends and compilers are known to take decisions from.
_DECISIVE = re.compile(
    r"(SETUPTOOLS_|DISTUTILS_|PBR_|HATCH_|PDM_|POETRY_|FLIT_|SKBUILD_|CMAKE_|MESON|NINJA|MATURIN_|CARGO_|RUST|PYO3_|CYTHON"
    r"|CIBW_|NPY_|VERSIONEER_|DUNAMAI_|MACOSX_DEPLOYMENT_TARGET|ARCHFLAGS|SDKROOT|SOURCE_DATE_EPOCH|_PYTHON_HOST_PLATFORM"
    r"|(CC|CXX|FC|LD|AR|CFLAGS|CPPFLAGS|CXXFLAGS|FFLAGS|LDFLAGS|LIBRARY_PATH|CPATH|C_INCLUDE_PATH|PKG_CONFIG_PATH)$)"
    r"|.*_PRETEND_VERSION"
)
_VARIABLE = re.compile(rb"(?<![\w$])[A-Z][A-Z0-9_]{2,}(?!\w)")


def decisive_variables(environ: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Those that count for every build."""
    return frozenset((name, value) for name, value in environ.items() if _DECISIVE.match(name))


def named_variables(files: Mapping[str, bytes], environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Environment variables that the files which steer a build mention by name."""
    found: set[str] = set()
    for content in files.values():
        found |= {os.fsdecode(word) for word in _VARIABLE.findall(content)}
    return [(name, environ[name]) for name in sorted(found & environ.keys())]


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    content: str
    """Digest of the tree, or what stands for it."""
    reads_revision: bool
    """Whether the build may look at version control."""
    variables: frozenset[tuple[str, str]]
    """Without those that always count."""
    keys: str
    """Digest of what the project's ``cache-keys`` stand for."""


def read_inputs(
    layout: Layout, source: SourceTree, declared: Declared, environ: Mapping[str, str], narrow: bool
) -> Inputs:
    """Look at a tree; with ``narrow`` only at what describes the project. Blocking.

    Raises :class:`InvalidSourceTree`.
    """
    top = read_top(source.path)
    content, revision = source.identity, False
    if not content:
        content = description_digest(source.path, top) if narrow else tree_digest(layout, source.path)
        revision = reads_revision(declared.system, top.files)
    return Inputs(
        content=content,
        reads_revision=revision,
        variables=frozenset(named_variables(top.files, environ)),
        keys=keys_digest(source.path, declared.cache_keys, environ),
    )
