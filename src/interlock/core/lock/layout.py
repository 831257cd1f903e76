"""``interlock.lock`` as bytes: the layout of the file and the formatter that writes it.

The file is JSON (RFC 8259), UTF-8, two spaces of indentation, sorted throughout, with a newline at the end. It is laid
out for reviewers and for git::

    {
      "format": [1, 0],
      "requires-python": ">=3.11",
      "inputs": {
        "indexes": [
          "pypi",
        null]
      },
      "members": [
        {
          "name": "app",
          "path": "packages/app",
          "inputs": {
            "dependencies": "0123456789abcdef",
          "": ""},
          "dependencies": [
            {"name": "anyio", "marker": "sys_platform == 'linux'"},
          null]
        },
      null],
      "packages": [
        {
          "name": "anyio",
          "version": "4.4.0",
          "source": {"type": "registry", "index": "pypi"},
          "dependencies": [
            {"name": "idna"},
          null],
          "artifacts": [
            {"file": "anyio-4.4.0-py3-none-any.whl", "sha256": "...", "size": 86780, "time": "...", "path": "..."},
          null]
        },
      null]
    }

JSON has no trailing commas, so adding an element at the end of a list would change the line above it, and two branches
that do so would conflict. Hence every list ends with the sentinel ``null`` and every table that grows with ``""``, on
the line of the closing bracket: each element's own line always ends with a comma, and adding or removing an element
never touches a neighbour's line. Blocks likewise end with a key that is always there.

What each field means, and which version of the format has which, is in ``FORMAT.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from interlock.core.lock.model import Edge, Lock, LockedMember, LockedPackage, ResolutionInputs
from interlock.core.names import ExtraName, GroupName
from interlock.core.sources.source import Directory, File, Git, Source, Url
from interlock.errors import InterlockError

__all__ = ["UnportableLock", "edge_order", "encode_lock", "package_order", "source_key"]


class UnportableLock(InterlockError):
    """A bug of ours: something was about to be written that only this machine or this user may know."""

    code = "unportable-lock"
    exit_code = 70


_ENCODE = msgspec.json.Encoder().encode


def source_key(source: Source | None) -> str:
    """Canonical text of a source: a key to sort and to compare by."""
    return "" if source is None else _ENCODE(source).decode()


def edge_order(edge: Edge) -> tuple[str, str, str, tuple[str, ...], str]:
    """The order of the edges of one table, in the file and as values."""
    return (edge.name, edge.version, source_key(edge.source), edge.extras, edge.marker)


def package_order(package: LockedPackage) -> tuple[str, str, str]:
    """What the packages of a lock are sorted by, in the file and as values: plain text, so that anybody can."""
    return (package.name, package.version, source_key(package.source))


def encode_lock(lock: Lock) -> bytes:
    """Write the lockfile; the order of members, packages, edges and artifacts in the value does not matter."""
    lines = ["{", f'  "format": {_inline(list(_format(lock)))},']
    if lock.requires_python:
        lines.append(f'  "requires-python": {_inline(lock.requires_python)},')
    if lock.forks:
        lines += _list("  ", "forks", map(_inline, lock.forks), end=",")
    lines += _inputs(lock.inputs)
    lines.append('  "members": [')
    for member in sorted(lock.members, key=lambda item: item.name):
        lines += _member_block(member)
    lines += ["  null],", '  "packages": [']
    for package in sorted(lock.packages, key=package_order):
        lines += _package_block(package)
    lines += ["  null]", "}", ""]
    return "\n".join(lines).encode()


def _inline(value: object) -> str:
    """One value on one line, with spaces after commas and colons."""
    return msgspec.json.format(_ENCODE(value), indent=0).decode()


def _list(indent: str, key: str, elements: Iterable[str], *, end: str) -> Iterator[str]:
    yield f'{indent}"{key}": ['
    for element in elements:
        yield f"{indent}  {element},"
    yield f"{indent}null]{end}"


def _inputs(inputs: ResolutionInputs) -> Iterator[str]:
    yield '  "inputs": {'
    for field, default in zip(inputs.__struct_fields__, inputs.__struct_defaults__, strict=True):
        value = getattr(inputs, field)
        key = field.replace("_", "-")
        if field == "indexes" or not value or value == default:
            continue
        if isinstance(value, tuple):
            yield from _list("    ", key, map(_setting, value), end=",")
        elif isinstance(value, dict):
            yield f'    "{key}": {{'
            for name in sorted(value):
                yield f"      {_inline(name)}: {_inline(value[name])},"
            yield '    "": ""},'
        else:
            yield f'    "{key}": {_inline(value)},'
    yield from _list("    ", "indexes", map(_inline, inputs.indexes), end="")
    yield "  },"


def _format(lock: Lock) -> tuple[int, int]:
    """A minor version more where something is told that the first readers of the format pass over."""
    major, minor = lock.format
    newer = any(member.table_pythons or member.left_out for member in lock.members)
    return major, max(minor, int(newer))


def _setting(value: object) -> str:
    if isinstance(value, tuple):  # the items of one conflict; absent extras and groups are left out
        return _inline([{key: part for key, part in msgspec.structs.asdict(item).items() if part} for item in value])
    return _inline(value)


def _member_block(member: LockedMember) -> Iterator[str]:
    _refuse_path(member.path)
    yield "    {"
    yield f'      "name": {_inline(member.name)},'
    yield f'      "path": {_inline(member.path)},'
    if member.inputs:
        yield '      "inputs": {'
        for key in sorted(member.inputs):
            yield f"        {_inline(key)}: {_inline(member.inputs[key])},"
        yield '      "": ""},'
    if member.requires_python:
        yield f'      "requires-python": {_inline(member.requires_python)},'
    if member.table_pythons:
        yield '      "table-pythons": {'
        for key in sorted(member.table_pythons):
            yield f"        {_inline(key)}: {_inline(member.table_pythons[key])},"
        yield '      "": ""},'
    if not member.package:
        yield '      "package": false,'
    if member.left_out:
        yield from _list("      ", "left-out", map(_inline, sorted(member.left_out)), end=",")
    yield from _tables_block("extras", member.extras)
    yield from _tables_block("groups", member.groups)
    if member.includes:
        yield '      "includes": {'
        for group in sorted(member.includes):
            yield f"        {_inline(group)}: {_inline(sorted(member.includes[group]))},"
        yield '      "": null},'
    yield from _list("      ", "dependencies", _edges(member.dependencies), end="")
    yield "    },"


def _package_block(package: LockedPackage) -> Iterator[str]:
    _refuse_private(package.source)
    yield "    {"
    yield f'      "name": {_inline(package.name)},'
    if package.version:
        yield f'      "version": {_inline(package.version)},'
    yield f'      "source": {_inline(package.source)},'
    if package.markers:
        yield from _list("      ", "markers", map(_inline, sorted(package.markers)), end=",")
    if package.requires_python:
        yield f'      "requires-python": {_inline(package.requires_python)},'
    if package.dependencies:
        yield from _list("      ", "dependencies", _edges(package.dependencies), end=",")
    yield from _tables_block("extras", package.extras)
    yield from _list("      ", "artifacts", _artifacts(package), end="")
    yield "    },"


def _tables_block(
    key: str, tables: Mapping[ExtraName, tuple[Edge, ...]] | Mapping[GroupName, tuple[Edge, ...]]
) -> Iterator[str]:
    if not tables:
        return
    yield f'      "{key}": {{'
    for name, edges in sorted(tables.items()):
        yield from _list("        ", name, _edges(edges), end=",")
    yield '      "": null},'


def _edges(edges: tuple[Edge, ...]) -> Iterator[str]:
    if len(edges) > 1:
        edges = tuple(sorted(edges, key=edge_order))
    for edge in edges:
        _refuse_private(edge.source)
        yield _inline(edge)


def _artifacts(package: LockedPackage) -> Iterator[str]:
    for artifact in sorted(package.artifacts, key=lambda item: item.filename):
        if "://" in artifact.location or artifact.location.startswith("/") or "/" in artifact.filename:
            raise UnportableLock(
                f"The lock would name the place of `{artifact.filename}` of {package.name} by host or by local path."
            )
        yield _inline(artifact)


# ---- what must never be written ------------------------------------------------------------------------------------

_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>[^/@]*)@", re.IGNORECASE)
_ABSOLUTE = re.compile(r"/|\\|[A-Za-z]:|file:", re.IGNORECASE)


def _refuse_private(source: Source | None) -> None:
    if isinstance(source, (File, Directory)):
        _refuse_path(source.path)
    elif isinstance(source, (Git, Url)):
        found = _USERINFO.match(source.url)
        # `ssh://git@host` names an account everybody shares; anything else before the @ is somebody's secret
        if found and (":" in found["user"] or not found["scheme"].endswith("ssh")):
            raise UnportableLock("The lock would hold the credentials of a URL.")
        if _ABSOLUTE.match(source.url):
            raise UnportableLock("The lock would hold the path of a repository on this machine.")


def _refuse_path(path: str) -> None:
    if _ABSOLUTE.match(path) or "\\" in path:
        raise UnportableLock(f"The lock would hold `{path}`, which is not a POSIX path relative to the workspace root.")
