"""FORMAT.md says what is in a lock: every field of the values that are read and written, and none else."""

from __future__ import annotations

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
from tests.architecture import ROOT

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
