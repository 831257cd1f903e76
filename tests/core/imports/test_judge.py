"""Whose an import is, and what that says of a manifest: from texts, without files and locks."""

from __future__ import annotations

from typing import Any

import pytest

from interlock.core.imports.judge import Declared, Role, SourceFile, judge
from interlock.core.imports.modules import Modules
from interlock.core.imports.owners import Owners
from interlock.core.imports.scan import Import, scan
from interlock.core.names import NormalizedName

OFFERED = {
    "requests": Modules(("requests", "requests.adapters")),
    "pyyaml": Modules(("_yaml", "yaml")),
    "types-pyyaml": Modules((), ("yaml",)),
    "google-auth": Modules(("google.auth",)),
    "google-storage": Modules(("google.storage",)),
    "app": Modules(("app", "shared.app")),
    "tool": Modules(("tool",), (), False, ("runner",)),
    "plug": Modules(("plug",), (), True),
    "one": Modules(("both",)),
    "two": Modules(("both",)),
    "both": Modules(("both",)),
    "near": Modules(("shared.near",)),
}
OWNERS = Owners({NormalizedName(name): modules for name, modules in OFFERED.items()})


def names(text: str) -> frozenset[NormalizedName]:
    return frozenset(map(NormalizedName, text.split()))


def faults(text: str, role: Role = "shipped", local: str = "app", **declared: Any) -> list[tuple[str, str, str]]:
    file = SourceFile(path="src/app.py", role=role, scan=scan(text.encode()), local=frozenset(local.split()))
    said: dict[str, Any] = {key: names(value) if isinstance(value, str) else value for key, value in declared.items()}
    said.setdefault("project", frozenset())
    whole = Declared(member=NormalizedName("app"), standard=frozenset({"os", "sys"}), **said)
    return [(fault.kind, fault.package, fault.slot) for fault in judge([file], whole, OWNERS)]


@pytest.mark.parametrize(
    ("text", "role", "declared", "found"),
    [
        ("import os, app, requests", "shipped", {"project": "requests"}, []),
        ("import requests.adapters", "shipped", {}, [("undeclared", "requests", "project")]),
        ("from yaml import dump", "shipped", {"project": "requests"},
         [("undeclared", "pyyaml", "project"), ("unused", "requests", "project")]),
        ("import requests", "shipped", {"groups": "requests"}, [("undeclared", "requests", "group")]),
        ("import requests", "shipped", {"extras": "requests"}, []),
        ("import requests", "test", {"groups": "requests", "has_tests": True}, []),
        ("import requests", "test", {"has_tests": True}, [("undeclared", "requests", "dev")]),
        ("import requests", "test", {}, []),
        ("import requests", "other", {"has_tests": True}, []),
        ("def f():\n    import made", "test", {"has_tests": True}, []),
        ("import made", "shipped", {}, [("undeclared", "made", "project")]),
        ("import made", "shipped", {"project": "odd", "unknown": "odd"}, []),
        ("import made", "shipped", {"ignored": frozenset({"made"})}, []),
        ("try:\n    import requests\nexcept ImportError:\n    pass", "shipped", {}, []),
        ("try:\n    import requests\nexcept:\n    pass", "shipped", {}, []),
        ("from sys import TYPE_CHECKING\nif TYPE_CHECKING:\n    import yaml", "shipped",
         {"groups": "types-pyyaml"}, []),
        ("from sys import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests", "shipped", {},
         [("undeclared", "requests", "dev")]),
        ("import both", "shipped", {}, [("undeclared", "both", "project")]),
        ("from google import auth, storage", "shipped", {"project": "google-auth"},
         [("undeclared", "google-storage", "project")]),
        ("import google", "shipped", {"project": "google-auth"}, []),
        ("kinds = ('runner', 'x')", "shipped", {"project": "tool"}, []),
        ("kinds = {'runner', 'x'}", "shipped", {"project": "tool"}, []),
        ("x = 1", "shipped", {"project": "tool plug types-pyyaml odd", "unknown": "odd"},
         [("unused", "tool", "project")]),
    ],
)  # fmt: skip
def test_what_is_missing_and_what_is_for_nothing(
    text: str, role: Role, declared: dict[str, Any], found: list[tuple[str, str, str]]
) -> None:
    assert faults(text, role, **declared) == found


def test_a_name_that_is_shared_with_others_does_not_make_theirs_local() -> None:
    assert faults("import shared.near", local="shared") == [("undeclared", "near", "project")]
    assert faults("import shared.app", local="shared") == []
    assert faults("import made_here", local="made_here") == []


def test_an_import_is_told_apart_where_several_have_a_namespace() -> None:
    both = Import(module="google", line=1, names=("auth", "storage"))
    assert [one.names for one in OWNERS.each(both)] == [("auth",), ("storage",)]
    assert [OWNERS.of(one) for one in OWNERS.each(both)] == [names("google-auth"), names("google-storage")]
    assert list(OWNERS.each(Import(module="requests", line=1))) == [Import(module="requests", line=1)]
    assert "modules" in repr(OWNERS)
