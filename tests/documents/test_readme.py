"""README says what is true, on three screens: its map, its commands and the documents it leads to."""

from __future__ import annotations

import re

from tests.architecture import ROOT, modules, room_of
from tests.documents.links import documents
from tests.test_architecture import EDGES

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SCREEN_WIDTH, THREE_SCREENS = 100, 150


def test_it_fits_on_three_screens() -> None:
    assert sum(max(1, -(-len(line) // SCREEN_WIDTH)) for line in TEXT.splitlines()) <= THREE_SCREENS


def test_every_document_is_linked() -> None:
    linked = {(ROOT / link).resolve() for link in re.findall(r"\]\(([^)#]+\.md)\)", TEXT)}
    assert {path for path in documents() if path.is_relative_to(ROOT / "src")} <= linked


def rooms() -> list[list[str]]:
    """The rooms of each row of the map."""
    rows = TEXT[TEXT.index("| room |") :].split("\n\n")[0].splitlines()[2:]
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in rows]


def test_the_map_has_every_room_and_none_else() -> None:
    listed = [room for row in rooms() for room in row]
    assert sorted(listed) == sorted({room_of(name) for name in modules()} - {"", "__main__"})


def test_a_room_imports_only_rooms_above_it_in_the_map() -> None:
    above: set[str] = {""}
    for row in rooms():
        above |= set(row)
        for room in row:
            assert EDGES[room] <= above, room


def test_ci_runs_the_test_command_word_for_word() -> None:
    install, tests = re.findall(r"\.venv/bin/((?:pip|pytest) [^&\n]+?)(?: &&|$)", commands()[1], flags=re.MULTILINE)
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").replace('"$venv/bin/', "").replace('"', "")
    assert f"{install} && {tests}" in script


def commands() -> list[str]:
    """The two commands for a fresh machine."""
    section = TEXT[TEXT.index("## Two commands") :].split("\n## ")[0]
    found = re.findall(r"```sh\n([^\n]+)\n```", section)
    assert len(found) == 2
    return found
