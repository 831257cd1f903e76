"""SETTINGS.md has every key and every variable that is read, with what it can be and its default, and none else."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from interlock.cli.configuration import what_fits
from interlock.core.manifests import interlock as tables
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.manifests.uv import HONOURED
from interlock.core.settings.limits import Limits
from interlock.core.sources.source import Index
from interlock.settings.decided import Settings, setting
from interlock.settings.given import GlobalFlags, Surroundings, UserSettings
from interlock.settings.resolve import resolve_settings
from tests.architecture import ROOT
from tests.documents.links import documents
from tests.documents.settings import keys, properties
from tests.documents.variables import variables

TEXT = (ROOT / "src/interlock/SETTINGS.md").read_text(encoding="utf-8")
EVERYTHING = "\n".join(path.read_text(encoding="utf-8") for path in documents())
WITH_NAMES_WITHIN = re.compile(r"INTERLOCK_(LIMIT_[A-Z_]+|INDEX_\w+_(USERNAME|PASSWORD))")


def decided() -> Settings:
    """Where nobody says anything."""
    return resolve_settings(
        GlobalFlags(), ToolSettings(), Surroundings(environ={}, now=datetime(2026, 1, 1, tzinfo=UTC))
    )


@pytest.mark.parametrize("key", keys())
def test_every_key_and_every_key_within_is_described(key: str) -> None:
    for path, value in ((key, keys()[key]), *properties(key, keys()[key])):
        assert value["description"].endswith("."), path
        assert f"\n| `{path}` |" in TEXT


def test_the_keys_of_tables_that_are_kept_are_those_of_the_schema() -> None:
    for key, known in tables._INNER.items():
        assert set(keys()[key]["properties"]) == set(known)
    assert set(keys()["limits"]["properties"]) == set(Limits.__struct_encode_fields__)


def test_defaults_are_those_there_are() -> None:
    settings = decided()
    for key, value in keys().items():
        field = key.replace("-", "_")
        if "default" in value and field in ToolSettings.__struct_fields__:
            assert value["default"] == (getattr(ToolSettings(), field) or setting(settings, field) or False), key
    index = Index(name="a", url="b")
    for key, value in keys()["index"]["items"]["properties"].items():
        if "default" in value and key != "format":
            assert value["default"] == getattr(index, key), key


def test_what_is_ours_alone_is_named() -> None:
    ours = TEXT[TEXT.index("is absent;") : TEXT.index("are ours alone")]
    assert set(re.findall(r"`([a-z-]+)`", ours)) == set(keys()) - HONOURED


def user_rows() -> dict[str, list[str]]:
    section = TEXT[TEXT.index("## Yours") :].split("\n## ")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in section.splitlines() if row.startswith("| `")]
    return {row[0].strip("`"): row for row in rows}


def test_every_setting_of_a_user_is_described_and_none_else() -> None:
    assert list(user_rows()) == sorted(UserSettings.__struct_encode_fields__)


@pytest.mark.parametrize("key", sorted(UserSettings.__struct_encode_fields__))
def test_what_a_setting_of_a_user_can_be_and_its_default(key: str) -> None:
    _, fits, default, names, _ = user_rows()[key]
    assert fits == what_fits(key)
    assert set(re.findall(r"`(\w+)`", names)) <= variables()
    value = setting(decided(), key.replace("-", "_"))
    if isinstance(value, int | float) and default != "processors":
        assert default == (str(value).lower() if isinstance(value, bool) else f"{value:g}")
    elif isinstance(value, str) and " " not in default and value:
        assert default in {value, "PyPI"}


def test_every_variable_that_is_read_is_in_a_document() -> None:
    unknown = {name for name in variables() if name and f"`{name}`" not in EVERYTHING}
    assert not unknown


def test_every_variable_of_ours_that_a_document_names_is_read() -> None:
    named = set(re.findall(r"\bINTERLOCK_[A-Z_]*[A-Z]\b", EVERYTHING))
    assert {name for name in named - variables() if not WITH_NAMES_WITHIN.fullmatch(name)} <= {"INTERLOCK_CI_PYTHON"}
