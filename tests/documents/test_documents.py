"""The documents: lists that are made from the code are as it makes them, links lead somewhere, needs are named."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture import ROOT, Module, error_codes, modules
from tests.documents.blocks import GENERATED, Generated, filled
from tests.documents.links import documents, links
from tests.test_architecture import FOLDERS

DOCUMENTS = [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in documents()]


@pytest.mark.parametrize("document", GENERATED, ids=lambda document: document.path)
def test_lists_are_what_the_code_says(document: Generated) -> None:
    assert document.read() == filled(document), "`python -m tests.documents` writes it"


def test_no_error_is_left_out() -> None:
    text = (ROOT / "src/interlock/ERRORS.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \| \d+ \|", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted((error_codes() - {"error"}) | {"bug"})


@pytest.mark.parametrize("path", DOCUMENTS)
def test_links_lead_to_a_document_and_its_heading(path: Path) -> None:
    for file, heading in links(path):
        target = path.parent / file if file else path
        assert target.exists(), file
        if heading:
            assert heading in headings(target), heading


def headings(path: Path) -> set[str]:
    """As links name them."""
    found = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_files_that_documents_name_are_there(path: Path) -> None:
    near = (path.parent, ROOT, ROOT / "src/interlock", ROOT / "tests")
    for named in re.findall(r"`([\w./]+\.(?:py|toml|json|md))`", path.read_text(encoding="utf-8")):
        if "/" in named and not named.startswith(("http", "~")):
            assert any((place / named).exists() for place in near), named


@pytest.mark.parametrize("module", [one for one in modules().values() if one.is_package], ids=lambda one: one.name)
def test_every_room_and_folder_says_what_it_is_for(module: Module) -> None:
    assert ast.get_docstring(module.tree)


def test_the_folders_of_core_are_drawn_in_their_order() -> None:
    text = ast.get_docstring(modules()["interlock.core"].tree) or ""
    rows = [row[4:28].split() for row in text[text.index("::") :].splitlines() if row.startswith("    ")]
    above: set[str] = {"errors"}
    for row in rows:
        above |= set(row)
        for folder in row:
            assert FOLDERS[folder] <= above, folder
    assert above == {*FOLDERS, "errors"}


def test_everything_that_is_needed_has_its_reason() -> None:
    text = (ROOT / "src/interlock/DEVELOPING.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    needed = [*project["dependencies"], *(text for name in set(optional) - {"lint", "test"} for text in optional[name])]
    named = re.findall(r"^\| `([\w.-]+)` \|", text, flags=re.MULTILINE)
    assert sorted(named) == sorted({re.match(r"[\w.-]+", text)[0] for text in needed})  # type: ignore[index]


def test_the_changelog_begins_with_the_version_there_is() -> None:
    text = (ROOT / "src/interlock/CHANGELOG.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.findall(r"^## (\S+?),? ", text, flags=re.MULTILINE)[0] == project["version"]
