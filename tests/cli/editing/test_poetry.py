"""Projects in Poetry's tables are edited in their own spelling."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.editing.conftest import manifest


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("[tool.poetry.group.a.dependencies]", 'click = "*"'),
        ("[tool.poetry.group.a]", 'dependencies = { click = "*" }'),
        ("[tool.poetry.group.a]", 'dependencies.click = "*"'),
        ("[tool.poetry.group]", 'a.dependencies.click = "*"'),
        ("[tool.poetry.group.a.dependencies.click]", 'version = "*"'),
    ],
)
def test_a_poetry_group_whose_last_entry_is_removed_stays(run: Run, shop: Path, table: str, key: str) -> None:
    manifest(shop).write_text(
        '[tool.poetry]\nname = "web"\nversion = "1"\n[tool.poetry.dependencies]\npython = ">=3.11"\n'
        f'{table}\n{key}\n[tool.poetry.group.b]\ninclude-groups = ["a"]\n'
        '[tool.poetry.group.b.dependencies]\nsafe = "*"\n'
    )
    result = run("remove", "-G", "a", "click", "--no-sync")
    assert result.code == 0, result.err
    assert tomllib.loads(manifest(shop).read_text())["tool"]["poetry"]["group"]["a"] == {"dependencies": {}}


def test_a_poetry_project_is_edited_in_its_own_spelling(run: Run, shop: Path) -> None:
    manifest(shop).write_text(
        '[tool.poetry]\nname = "web"\nversion = "3.0"\n\n[tool.poetry.dependencies]\npython = "^3.11"  # ours\n'
    )
    assert run("add", "Flask@^3", "jinja[x]", "--no-sync").code == 0
    assert run("add", "-G", "test", "click", "--no-sync").code == 0
    assert run("add", "--optional", "more", "safe", "--no-sync").code == 0
    assert run("add", "catalog", "--no-sync").code == 0
    text = manifest(shop).read_text()
    assert 'python = "^3.11"  # ours\nFlask = ">=3,<4"\njinja = { version = ">=3.1", extras = ["x"] }\n' in text
    read = tomllib.loads(text)["tool"]["poetry"]
    assert read["group"] == {"test": {"dependencies": {"click": ">=8.1.7"}}}
    assert read["extras"] == {"more": ["safe"]}
    assert run("lock", "--check").code == 0
    assert run("remove", "flask", "safe", "--no-sync").code == 0
    assert "safe" not in manifest(shop).read_text()
    assert run("lock", "--check").code == 0


def test_what_a_poetry_entry_says_beside_its_version_stays(run: Run, shop: Path) -> None:
    before = (
        '[tool.poetry]\nname = "web"\nversion = "3.0"\n\n[tool.poetry.dependencies]\npython = "^3.11"\n'
        'flask = { version = "^3.0", extras = ["a"], optional = true }  # ours\n'
        'safe = [{ version = "<2.1", python = "<3.12" }, { version = ">=2.1", python = ">=3.12" }]\n\n'
        '[tool.poetry.extras]\nnet = ["flask"]\n\n'
        '[tool.poetry.group.docs.dependencies.click]\nversion = "^8.0"  # stays\nmarkers = "os_name != \'nt\'"\n'
    )
    manifest(shop).write_text(before)
    assert run("lock").code == 0
    assert run("add", "flask[b]>=3.1", "--no-sync").code == 0
    assert run("add", "click>=8.1.3", "-G", "docs", "--no-sync").code == 0
    after = before.replace('"^3.0", extras = ["a"]', '">=3.1", extras = ["a", "b"]').replace('"^8.0"', '">=8.1.3"')
    assert manifest(shop).read_text() == after
    refused = run("add", "safe>=2", "--no-sync")
    assert (refused.code, refused.err.partition(":")[0]) == (1, "error[several-entries]")
    assert run("update", "--bump", "--no-sync").code == 0
    after = after.replace('">=3.1"', '">=3.1.2"').replace('">=8.1.3"', '">=8.1.7"')
    assert manifest(shop).read_text() == after
    assert run("lock", "--check").code == 0
    assert run("remove", "flask", "--no-sync").code == 0
    assert "flask" not in manifest(shop).read_text()
