"""Changing requirements in core metadata and manifests as text, everything else byte for byte as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.bounds import Edge, bounded
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.toml.document import TomlDocument, format_value

__all__ = ["edit_manifest", "edit_metadata", "edit_requires_txt", "outdated", "without_local_sources"]

Edges = Mapping[NormalizedName, Edge]
_FIELD = b"requires-dist:"
_LOCAL = {"path", "workspace"}


def outdated(requirements: Iterable[Requirement], edges: Edges) -> bool:
    """Whether any of the requirements would be changed."""
    return any(bounded(requirement, edges) is not requirement for requirement in requirements)


def edit_metadata(data: bytes, edges: Edges) -> bytes:
    """METADATA or PKG-INFO with its ``Requires-Dist`` fields changed; the description is not looked at."""
    ends = [place for blank in (b"\n\n", b"\n\r\n") if (place := data.find(blank)) >= 0]
    end = min(ends, default=len(data))
    lines = data[:end].split(b"\n")
    found: list[bytes] = []
    for line in _unfolded(lines):
        if line[: len(_FIELD)].lower() == _FIELD:
            text = line[len(_FIELD) :].decode("utf-8", "surrogateescape")
            changed = _changed(" ".join(text.split()), edges)
            if changed is not None:
                ending = b"\r" if line.endswith(b"\r") else b""
                line = line[: len(_FIELD)] + b" " + changed.encode() + ending
        found.append(line)
    return b"\n".join(found) + data[end:]


def _unfolded(lines: list[bytes]) -> list[bytes]:
    """The lines, those of a folded requirement joined."""
    found: list[bytes] = []
    for line in lines:
        if line[:1] in {b" ", b"\t"} and found and found[-1][: len(_FIELD)].lower() == _FIELD:
            found[-1] = found[-1].rstrip() + b" " + line.strip()
        else:
            found.append(line)
    return found


def edit_requires_txt(data: bytes, edges: Edges) -> bytes:
    """The ``requires.txt`` of an egg-info folder."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    changed = (_changed(line, edges) if line.strip() and not line.startswith("[") else None for line in lines)
    text = "\n".join(line if new is None else new for line, new in zip(lines, changed, strict=True))
    return text.encode("utf-8", "surrogateescape")


def _changed(text: str, edges: Edges) -> str | None:
    """The text of a requirement when it has to change, else None."""
    try:
        requirement = parse_requirement(text)
    except InvalidRequirement:
        return None
    new = bounded(requirement, edges)
    return None if new is requirement else format_requirement(new)


def edit_manifest(data: bytes, edges: Edges) -> bytes:
    """A ``pyproject.toml`` with the requirements of ``[project]`` and of Poetry's main table changed."""
    document = TomlDocument(data, "pyproject.toml")
    _edit_list(document, ("project", "dependencies"), edges)
    extras = document.get(("project", "optional-dependencies"))
    for extra in list(extras) if isinstance(extras, dict) else ():
        _edit_list(document, ("project", "optional-dependencies", extra), edges)
    poetry = document.get(("tool", "poetry", "dependencies"))
    for name in list(poetry) if isinstance(poetry, dict) else ():
        edge = edges.get(normalize_name(name))
        if edge is not None:
            _edit_poetry(document, name, edge)
    return document.data


def without_local_sources(data: bytes) -> bytes:
    """A ``pyproject.toml`` whose sources tables lead to no member and no path: these mean nothing anywhere else."""
    document = TomlDocument(data, "pyproject.toml")
    for dialect in ("interlock", "uv"):
        sources = document.get(("tool", dialect, "sources"))
        for name, value in list(sources.items()) if isinstance(sources, dict) else ():
            entries = value if isinstance(value, list) else [value]
            kept = [entry for entry in entries if not (isinstance(entry, dict) and _LOCAL & entry.keys())]
            if len(kept) == len(entries):
                continue
            path = ("tool", dialect, "sources", name)
            if kept:
                document.set(path, format_value(kept))
            else:
                document.delete(path)
    return document.data


def _edit_list(document: TomlDocument, path: tuple[str, ...], edges: Edges) -> None:
    texts = document.get(path)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return
    new = [_changed(text, edges) or text for text in texts]
    if new != texts:
        document.set(path, format_value(new))


def _edit_poetry(document: TomlDocument, name: str, edge: Edge) -> None:
    path = ("tool", "poetry", "dependencies", name)
    value = document.get(path)
    specifier = edge.specifier or "*"
    if isinstance(value, str):
        if value == "*" or edge.forced:
            document.set(path, format_value(specifier))
    elif isinstance(value, dict):
        local = "path" in value
        if local or edge.forced or value.get("version", "*") == "*":
            kept = {key: item for key, item in value.items() if key not in {"path", "develop", "subdirectory"}}
            if not local and ("git" in value or "url" in value):
                return
            changed = {"version": specifier, **{key: item for key, item in kept.items() if key != "version"}}
            _replace_table(document, path, changed)


def _replace_table(document: TomlDocument, path: tuple[str, ...], value: dict[str, object]) -> None:
    """Assign a table, whether it was written inline or below a header of its own."""
    if document.source(path) is None:
        document.delete(path)
    document.set(path, format_value(value))
