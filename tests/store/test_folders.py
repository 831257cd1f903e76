"""A folder is replaced as a whole, and a kill half way leaves a way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.store.folders import put_folder, put_folder_back


def folder(path: Path, text: str) -> Path:
    path.mkdir(parents=True)
    (path / "file").write_text(text)
    return path


def test_a_new_folder_goes_where_nothing_is(tmp_path: Path) -> None:
    target = tmp_path / "below" / "target"
    target.parent.mkdir()
    put_folder(folder(target.with_name("made"), "new"), target, target.with_name("aside"))
    assert (target / "file").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_an_old_folder_is_beside_the_new_one_afterwards(tmp_path: Path) -> None:
    target, made, aside = folder(tmp_path / "target", "old"), folder(tmp_path / "made", "new"), tmp_path / "aside"
    put_folder(made, target, aside)
    assert (target / "file").read_text() == "new"
    (left,) = [path for path in (made, aside) if path.exists()]
    assert (left / "file").read_text() == "old"


def test_what_is_not_made_replaces_nothing(tmp_path: Path) -> None:
    target = folder(tmp_path / "target", "old")
    with pytest.raises(FileNotFoundError):
        put_folder(tmp_path / "made", target, tmp_path / "aside")
    assert (target / "file").read_text() == "old"
    assert not (tmp_path / "aside").exists()


def test_a_folder_that_was_put_aside_comes_back_unless_there_is_another(tmp_path: Path) -> None:
    target, aside = tmp_path / "target", folder(tmp_path / "aside", "old")
    put_folder_back(target, aside)
    assert (target / "file").read_text() == "old"
    folder(aside, "older")
    put_folder_back(target, aside)
    assert (target / "file").read_text() == "old"
