"""The tables in SETTINGS.md: the keys of ``[tool.interlock]`` as the schema describes them, and the user's settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from interlock.core.manifests.settings import ROOT_KEYS
from tests.architecture import ROOT

__all__ = ["inner_keys", "keys", "member_keys", "properties", "root_keys"]

_OF_BOTH = {"catalog", "conflicts", "imports", "index", "internal-bounds", "tasks", "sources"}
"""What the root says for everybody and a member for itself."""


def root_keys() -> str:
    return _table({key: found for key, found in keys().items() if key in {*ROOT_KEYS, "workspace"} - _OF_BOTH})


def member_keys() -> str:
    return _table({key: found for key, found in keys().items() if key not in {*ROOT_KEYS, "workspace"} - _OF_BOTH})


def inner_keys() -> str:
    """What the values that are tables have."""
    return _table({path: found for key, value in keys().items() for path, found in properties(key, value)})


def keys() -> dict[str, dict[str, Any]]:
    text = (ROOT / "src/interlock/cli/interlock.schema.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)["properties"]
    return found


def properties(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The named keys within a value, at every depth, each once."""
    seen = set()
    for inner, found in _inner(path, schema):
        if inner not in seen:
            seen.add(inner)
            yield inner, found


def _inner(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}", value
        yield from _inner(f"{path}.{key}", value)
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield from _inner(f"{path}.NAME", more)
    for value in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])):
        yield from _inner(path, value)


def _table(found: dict[str, dict[str, Any]]) -> str:
    rows = ["| key | value | default | what it says |", "|---|---|---|---|"]
    for key, schema in found.items():
        default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
        rows.append(f"| `{key}` | {_kind(schema)} | {default} | {schema['description']} |")
    return "\n".join(rows)


def _kind(schema: dict[str, Any]) -> str:
    """What a value can be, in words."""
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{json.dumps(word)}`" for word in schema.get("enum") or [schema["const"]])
    if schema.get("type") == "array":
        return f"list of {_plural(schema['items'])}"
    if schema.get("type") == "object":
        return "table" if "properties" in schema else "table by name"
    return {"string": "text", "boolean": "true or false", "integer": "number"}.get(schema.get("type", ""), "")


def _plural(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_plural(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"lists of {_plural(schema['items'])}"
    return {"string": "texts", "integer": "numbers"}.get(schema.get("type", ""), "tables")
