"""What operators are told is what is read: the configuration, its limits, the scopes."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from interlock.service.server.configuration_file import BadConfiguration, parse_configuration
from interlock.service.server.limits import Limits
from interlock.service.state.retention import Retention
from interlock.service.state.scopes import Scope
from tests.architecture import ROOT
from tests.certificates import make_certificates

TEXT = (ROOT / "src/interlock/service/OPERATING.md").read_text(encoding="utf-8")


def example() -> str:
    block = re.search(r"^```toml\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1]


def test_the_configuration_that_is_shown_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "company.password").write_text("x")
    made = make_certificates(tmp_path) / "leaf.pem"
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_bytes(made.read_bytes())
    found = parse_configuration(example(), tmp_path / "service.toml")
    assert [index.name for index in found.indexes] == ["pypi", "company", "all", "tools"]
    assert found.limits.requests_per_second == 200


def test_every_key_that_is_read_is_shown(tmp_path: Path) -> None:
    for table in ("", "index", "token", "tls"):
        head = f"[[{table}]]\n" if table in {"index", "token"} else f"[{table}]\n" if table else ""
        with pytest.raises(BadConfiguration) as caught:
            parse_configuration(f'{head}zz = "x"\n', tmp_path / "service.toml")
        assert "is not a known key" in caught.value.message
    source = (ROOT / "src/interlock/service/server/configuration_file.py").read_text(encoding="utf-8")
    keys = {key for words in re.findall(r"only\(\(([^)]+)\)\)", source) for key in re.findall(r'"([^"]+)"', words)}
    keys |= set(re.findall(r'"([^"]+)"', source.partition("_INDEX_KEYS = (")[2].partition(")")[0]))
    assert len(keys) > 15
    shown = example()
    assert not {key for key in keys if not re.search(rf"\b{key}\b", shown)}


@pytest.mark.parametrize("struct", [Limits(), Retention()])
def test_every_limit_is_listed_with_what_it_usually_is(struct: msgspec.Struct) -> None:
    for field in struct.__struct_fields__:
        usual = getattr(struct, field)
        assert f"| `{field.replace('_', '-')}` | {'no limit' if usual is None else usual} |" in TEXT


def test_every_scope_is_named() -> None:
    section = TEXT.partition("## Tokens")[2].partition("\n## ")[0]
    assert not {scope for scope in Scope if f"`{scope.value}`" not in section}
