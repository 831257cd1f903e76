"""SARIF of an audit: as the standard's schema asks for it, as far as we use it, and as code hosts need it."""

from __future__ import annotations

from typing import Any

import jsonschema

from tests.core.advisories.records import record
from tests.ops.auditing.conftest import WriteRecords
from tests.shop import Shop

_MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_LOCATION = _closed(
    ["physicalLocation"],
    physicalLocation=_closed(
        ["artifactLocation"],
        artifactLocation=_closed(
            ["uri"], uri={"type": "string", "format": "uri-reference"}, uriBaseId={"type": "string"}
        ),
        region=_closed(["startLine"], startLine={"type": "integer", "minimum": 1}),
    ),
)
_RULE = _closed(
    ["id"],
    id={"type": "string"},
    shortDescription=_MESSAGE,
    helpUri={"type": "string", "format": "uri"},
    defaultConfiguration=_closed([], level=_LEVEL),
    properties={
        "type": "object",
        "properties": {
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "security-severity": {"type": "string", "pattern": r"^\d+\.\d$"},
        },
    },
)
_RESULT = _closed(
    ["message"],
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    properties={"type": "object"},
    suppressions={
        "type": "array",
        "minItems": 1,
        "items": _closed(
            ["kind"],
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification={"type": "string"},
        ),
    },
)
SCHEMA = _closed(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "items": _closed(
            ["tool"],
            tool=_closed(
                ["driver"],
                driver=_closed(
                    ["name"],
                    name={"type": "string"},
                    version={"type": "string"},
                    rules={"type": "array", "items": _RULE, "uniqueItems": True},
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={"type": "array", "items": _RESULT},
        ),
    },
)
"""SARIF 2.1.0, sections 3.13 to 3.54, cut down to the properties that we write."""


def _audit(shop: Shop, *arguments: object, code: int) -> dict[str, Any]:
    document: dict[str, Any] = shop.run("audit", "--format", "sarif", *map(str, arguments), code=code).json()
    jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    return document


def test_findings_are_results_at_the_lines_of_the_lock(shop: Shop, osv: WriteRecords) -> None:
    shop.run("lock")
    vector = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    place = osv(
        record(
            "PYSEC-7", "click", "introduced 0", severity=vector, references=[{"type": "WEB", "url": "https://a.test/"}]
        ),
        record("GHSA-1", "safe", "introduced 0", "fixed 3.0", database_specific={"severity": "LOW"}),
    )
    (run,) = _audit(shop, "--advisories", place, code=1)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["properties"].get("security-severity")) for rule in rules] == [
        ("GHSA-1", "0.1"),
        ("PYSEC-7", "9.8"),
    ]
    assert rules[1]["helpUri"] == "https://a.test/"
    lines = shop.lockfile.read_text().splitlines()
    for result, name, level in zip(run["results"], ("click", "safe"), ("error", "note"), strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == level
        place_of = result["locations"][0]["physicalLocation"]
        assert place_of["artifactLocation"]["uri"] == "interlock.lock"
        assert lines[place_of["region"]["startLine"] - 1].strip() == f'"name": "{name}",'
    assert run["results"][0]["properties"]["members"] == ["catalog", "web"]
    assert "No fixed version is known." in run["results"][0]["message"]["text"]


def test_what_is_ignored_is_suppressed_and_nothing_found_is_a_run_without_results(
    shop: Shop, osv: WriteRecords
) -> None:
    shop.run("lock")
    place = osv(record("PYSEC-7", "click", "introduced 0"))
    manifest = shop.root / "pyproject.toml"
    manifest.write_text(
        manifest.read_text()
        + '[tool.interlock.audit]\nignore = [{ id = "PYSEC-7", reason = "not reached", until = 2099-01-01 }]\n'
    )
    (run,) = _audit(shop, "--advisories", place, code=0)["runs"]
    (result,) = run["results"]
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "not reached"}]
    nothing = osv(record("PYSEC-7", "click", "introduced 99"), name="other")
    (run,) = _audit(shop, "--advisories", nothing, code=0)["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
