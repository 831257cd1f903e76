"""FORMAT.md says what is in a lock: every field of the values that are read and written, and none else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec
import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock import codec
from interlock.core.lock.model import (
    FORMAT,
    NEWEST_MINOR,
    PLAIN_FORMAT,
    Edge,
    Lock,
    LockedMember,
    LockedPackage,
    ResolutionInputs,
)
from interlock.core.manifests.manifest import ConflictItem
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Url
from tests.architecture import ROOT, modules

TEXT = (Path(codec.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "The file": Lock,
    "inputs": ResolutionInputs,
    "An item of conflicts": ConflictItem,
    "A member": LockedMember,
    "A package": LockedPackage,
    "An edge": Edge,
    "An artifact": Artifact,
    "registry": Registry,
    "git": Git,
    "url": Url,
    "file": File,
    "directory": Directory,
    "member": Member,
}


def sections() -> dict[str, list[str]]:
    """The keys that the table of each section lists."""
    found = {}
    for part in re.split(r"^##+ ", TEXT, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        keys = re.findall(r"^\| `([^`]+)` \|", body, flags=re.MULTILINE)
        if keys:
            found[title] = keys
    return found


def test_every_section_is_about_a_value() -> None:
    assert list(sections()) == list(SECTIONS)


@pytest.mark.parametrize("title", SECTIONS)
def test_every_field_is_described_and_none_else(title: str) -> None:
    kind = SECTIONS[title]
    written = kind.__struct_encode_fields__ if kind in {Edge, Artifact} else kind.__struct_fields__
    listed = sections()[title]
    assert sorted(listed) == sorted(field.replace("_", "-") for field in written)
    assert len(set(listed)) == len(listed)


def test_what_is_read_is_what_is_described() -> None:
    for kind, title in ((codec._File, "The file"), (codec._Member, "A member"), (codec._Package, "A package")):
        assert sorted(kind.__struct_encode_fields__) == sorted(sections()[title])


def given(module: str, kind: type[msgspec.Struct]) -> set[str]:
    """The fields that a module gives the values of a kind that it makes."""
    calls = [node for node in ast.walk(modules()[module].tree) if isinstance(node, ast.Call)]
    made = [node for node in calls if ast.unparse(node.func) == kind.__name__]
    assert made, kind
    return {str(keyword.arg) for node in made for keyword in node.keywords}


@pytest.mark.parametrize("kind", [LockedMember, LockedPackage])
def test_what_is_read_has_every_field(kind: type[msgspec.Struct]) -> None:
    assert given(codec.__name__, kind) == set(kind.__struct_fields__)


@pytest.mark.parametrize(("title", "kind"), [("A package", LockedPackage), ("An artifact", Artifact)])
def test_what_is_never_written_is_said_to_be_so(title: str, kind: type[msgspec.Struct]) -> None:
    section = TEXT[TEXT.index(f"## {title}\n") :].split("\n## ")[0]
    never = set(re.findall(r"^\| `([^`]+)` \| Never written now", section, flags=re.MULTILINE))
    shown = dict(zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True))
    not_given = set(kind.__struct_fields__) - given("interlock.core.relock.assemble", kind)
    assert never == {shown[field].replace("_", "-") for field in not_given}


def test_defaults_and_versions_are_the_ones_there_are() -> None:
    for field in ("prerelease", "resolution", "fork_strategy", "index_strategy"):
        default = getattr(ResolutionInputs(), field)
        assert f"| `{field.replace('_', '-')}` | `{default}` is the default |" in TEXT
    for version in (PLAIN_FORMAT, FORMAT):
        assert f"`{list(version)}`" in TEXT
    assert f"the minor version is {NEWEST_MINOR} where" in TEXT


def test_readme_links_to_it_and_to_the_decisions() -> None:
    linked = re.findall(r"\]\((src/[^)]+\.md)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"src/interlock/DECISIONS.md", "src/interlock/core/lock/FORMAT.md"} <= set(linked)
    assert all((ROOT / path).is_file() for path in linked)
