"""The root's manifest for a part of its workspace."""

from __future__ import annotations

import tomllib
from typing import Any

from interlock.core.editing.reduced_root import RootUse, reduce_root
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import ExtraName, NormalizedName

ROOT = """\
[project]
name = "top"
version = "1"
dependencies = ["a", "b"]

[tool.uv]
required-version = ">=0.5"
constraint-dependencies = ["One<2", "two<2"]
override-dependencies = ["one>=1", { package = { name = "two" }, dependencies = ["one"] }]
exclude-dependencies = ["nowhere"]
exclude-newer = "2026-01-01"
exclude-newer-package = { one = "2026-02-01", two = "2026-02-01" }
no-binary-package = ["two"]
environments = "sys_platform == 'linux'"
conflicts = [[{ package = "a", extra = "x" }, { package = "a", extra = "y" }], [{ package = "b" }, { extra = "z" }]]
dependency-metadata = [{ name = "One", version = "1" }, { name = "two", version = "1" }]

[tool.uv.workspace]
members = ["m/*"]
exclude = ["m/old"]

[tool.uv.sources]
One = { index = "index-1" }
b = { workspace = true }

[[tool.uv.index]]
url = "https://one.test/simple/"

[[tool.uv.index]]
name = "two"
url = "https://two.test/simple/"
explicit = true

[tool.ruff]
line-length = 99
"""

PAIR = tuple(ConflictItem(NormalizedName("a"), ExtraName(extra)) for extra in ("x", "y"))


def reduced(*, is_member: bool) -> dict[str, object]:
    use = RootUse(
        is_member=is_member,
        paths=("m/a",),
        names=frozenset({"one", "a"}),
        sources=frozenset({"one", "a"}),
        indexes=frozenset({"index-1"}),
        conflicts=frozenset({PAIR}),
    )
    manifest = parse_manifest(ROOT.encode(), path=".", file="pyproject.toml")
    made = reduce_root(ROOT.encode(), manifest, use)
    again = reduce_root(made, parse_manifest(made, path=".", file="pyproject.toml"), use)
    assert again == made
    return tomllib.loads(made.decode())


def test_what_is_about_others_is_gone() -> None:
    for is_member in (False, True):
        tool = reduced(is_member=is_member)["tool"]
        assert isinstance(tool, dict)
        found = tool["uv"]
        assert found.pop("required-version")
        assert found.pop("environments") == "sys_platform == 'linux'"
        assert found == {
            "constraint-dependencies": ["One<2"],
            "override-dependencies": ["one>=1"],
            "exclude-dependencies": ["nowhere"],
            "exclude-newer": "2026-01-01",
            "exclude-newer-package": {"one": "2026-02-01"},
            "conflicts": [[{"package": "a", "extra": "x"}, {"package": "a", "extra": "y"}]],
            "dependency-metadata": [{"name": "One", "version": "1"}],
            "workspace": {"members": ["m/a"]},
            "sources": {"One": {"index": "index-1"}},
            "index": [{"name": "index-1", "url": "https://one.test/simple/"}],
        }


def test_a_root_that_is_no_member_of_the_part_is_virtual_and_one_that_is_stays_a_project() -> None:
    assert reduced(is_member=False).keys() == {"tool"}
    kept = reduced(is_member=True)
    assert kept["project"] == tomllib.loads(ROOT)["project"]
    assert isinstance(kept["tool"], dict)
    assert kept["tool"]["ruff"] == {"line-length": 99}


def cut(text: str, **use: Any) -> dict[str, Any]:
    manifest = parse_manifest(text.encode(), path=".", file="pyproject.toml")
    wanted: dict[str, Any] = {"is_member": False, "paths": ("m/a",), "names": frozenset({"a"})}
    wanted |= {key: frozenset[Any]() for key in ("sources", "indexes", "conflicts")} | use
    return tomllib.loads(reduce_root(text.encode(), manifest, RootUse(**wanted)).decode())


GROUPS = """\
[tool.interlock]
default-groups = ["Test", "docs"]
dependency-groups = { test = { requires-python = ">=3.12" }, docs = { requires-python = ">=3.13" } }
[tool.interlock.workspace]
members = ["m/*"]
[dependency-groups]
Test = ["pytest"]
docs = ["mkdocs"]
"""


def test_groups_of_a_virtual_root_stay_as_far_as_they_are_used() -> None:
    assert cut(GROUPS, groups=frozenset({"test"})) == {
        "tool": {
            "interlock": {
                "workspace": {"members": ["m/a"]},
                "default-groups": ["Test"],
                "dependency-groups": {"test": {"requires-python": ">=3.12"}},
            }
        },
        "dependency-groups": {"Test": ["pytest"]},
    }
    assert cut(GROUPS) == {"tool": {"interlock": {"workspace": {"members": ["m/a"]}}}}
    kept = cut('[project]\nname = "top"\nversion = "1"\n' + GROUPS, is_member=True)
    assert kept["dependency-groups"] == {"Test": ["pytest"], "docs": ["mkdocs"]}


def test_indexes_of_poetrys_table_are_written_as_ours() -> None:
    text = '[tool.poetry]\nname = "top"\nversion = "1"\npackage-mode = false\n' + "".join(
        f'[[tool.poetry.source]]\nname = "{name}"\nurl = "https://{name}.test/"\npriority = "{priority}"\n'
        for name, priority in (("one", "primary"), ("two", "explicit"), ("three", "explicit"))
    )
    found = cut(text + '[tool.uv.workspace]\nmembers = ["m/*"]\n', indexes=frozenset({"two"}))
    assert found["tool"]["uv"]["index"] == [
        {"name": "one", "url": "https://one.test/", "default": True},
        {"name": "two", "url": "https://two.test/", "explicit": True},
    ]
