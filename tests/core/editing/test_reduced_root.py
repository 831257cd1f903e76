"""The root's manifest for a part of its workspace."""

from __future__ import annotations

import tomllib

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
