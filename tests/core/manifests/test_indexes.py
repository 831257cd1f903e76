"""Indexes in a tool table: what is wrong with an entry is told with its line."""

from __future__ import annotations

import pytest

from interlock.core.manifests.manifest import Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import InvalidManifest


def read(lines: str) -> Manifest:
    text = f'[project]\nname = "a"\nversion = "1"\n[tool.interlock]\n{lines}'
    return parse_manifest(text.encode(), path=".", file="pyproject.toml")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[[tool.interlock.index]]\nname = "x"\n', "has an entry without `url`"),
        ('[[tool.interlock.index]]\nurl = "https://x.test/"\nexplicit = true\n', "an explicit entry without `name`"),
        (
            '[[tool.interlock.index]]\nname = "x"\nurl = "https://x.test/"\nignore-error-codes = ["403"]\n',
            "must be a list of numbers",
        ),
        ('[[tool.interlock.index]]\nname = "x"\nurl = "gopher://u:secret@x.test/"\n', "is `gopher://x.test/`"),
        ('[[tool.interlock.index]]\nname = "x"\nurl = "https://x.test/"\n' * 2, "has two entries named `x`"),
        (
            "".join(
                f'[[tool.interlock.index]]\nname = "{n}"\nurl = "https://{n}.test/"\ndefault = true\n' for n in "xy"
            ),
            "has more than one default",
        ),
    ],
)
def test_bad_entries(lines: str, words: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        read(lines)
    assert words in caught.value.message
    assert "secret" not in caught.value.message
    assert caught.value.message.startswith("pyproject.toml:")


def test_what_is_not_honoured_is_a_warning() -> None:
    found = read('[[tool.interlock.index]]\nname = "x"\nurl = "https://x.test/"\ncache-control = { api = "y" }\n')
    assert found.warnings == ("pyproject.toml: `tool.interlock.index`: `cache-control` is not honoured.",)
    assert [index.name for index in found.settings.indexes] == ["x"]
