"""config, source, auth, completions, self, plugins and the schema."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from interlock.cli.table.commands import COMMANDS
from interlock.core.manifests import interlock as manifest_interlock
from interlock.core.manifests.uv import HONOURED
from tests.architecture import ROOT
from tests.cli.conftest import Run
from tests.index_server import Behaviour, serve
from tests.registry import registry


@pytest.fixture
def shop(workspace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(workspace))
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return workspace


def test_environment_over_local_over_user_over_default(
    run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run("config", "add-bounds").out == "lower\n"
    assert run("config", "add-bounds", "major").code == 0
    assert tomllib.loads((tmp_path / "config/interlock/config.toml").read_text()) == {"add-bounds": "major"}
    assert run("config", "add-bounds").out == "major\n"
    assert run("config", "add-bounds", "minor", "--local").code == 0
    assert 'add-bounds = "minor"' in (shop / "pyproject.toml").read_text()
    assert run("config", "add-bounds", "--json").json() == {"key": "add-bounds", "value": "minor", "origin": "local"}
    monkeypatch.setenv("INTERLOCK_ADD_BOUNDS", "exact")
    assert run("config", "add-bounds").out == "exact\n"
    monkeypatch.delenv("INTERLOCK_ADD_BOUNDS")
    assert run("config", "--unset", "add-bounds", "--local").code == 0
    assert run("config", "--unset", "add-bounds").code == 0
    assert run("config", "add-bounds").out == "lower\n"
    assert "http-timeout" in run("config", "--list").out


def test_an_unknown_setting_is_answered_with_the_right_one(run: Run, shop: Path) -> None:
    result = run("config", "add-bound", "major")
    assert result.code == 2
    assert "Did you mean `add-bounds`?" in result.err
    assert run("config", "http-retries", "many").code == 2


def test_secrets_go_to_a_file_of_ones_own(run: Run, shop: Path, tmp_path: Path) -> None:
    with serve(registry(house={"1.0": []}), Behaviour(credentials=("ann", "s3cret"))) as server:
        assert run("source", "add", "inner", server.url).code == 0
        web = shop / "apps/web/pyproject.toml"
        web.write_text('[project]\nname = "web"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["house"]\n')
        refused = run("lock")
        assert refused.code == 1
        assert run("config", "http-basic.inner", "ann", "s3cret").code == 0
        auth = tmp_path / "config/interlock/auth.toml"
        if sys.platform != "win32":
            assert stat.S_IMODE(auth.stat().st_mode) == 0o600
        assert run("auth", "token", "inner").out == "s3cret\n"
        locked = run("lock")
        assert locked.code == 0, locked.err
        assert run("auth", "logout", "inner").code == 0
        assert run("auth", "token", "inner").code == 2
        assert run("auth", "login", "inner", "-u", "ann", "--password", "other").code == 0
        assert run("auth", "token", "inner", "--json").json() == {"username": "ann", "password": "other"}
    for path in (*shop.rglob("*.toml"), *shop.rglob("*.lock")):
        assert "s3cret" not in path.read_text()


def test_sources_keep_their_order_and_comments(run: Run, shop: Path) -> None:
    root = shop / "pyproject.toml"
    before = (
        root.read_text() + '\n# the indexes\n[[tool.interlock.index]]\nname = "a"\nurl = "https://a.test/" # first\n'
    )
    root.write_text(before)
    assert run("source", "add", "b", "https://ann:pw@b.test/", "--priority", "explicit").code == 0
    assert "pw" not in root.read_text()
    rows = [line.split()[:2] for line in run("source", "show").out.splitlines()]
    assert rows == [["a", "primary"], ["b", "explicit"], ["pypi", "default"]]
    assert run("source", "add", "b", "https://c.test/").code == 2
    assert run("source", "remove", "b").code == 0
    assert root.read_text() == before
    assert run("source", "remove", "z").code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts(run: Run, shell: str) -> None:
    assert "interlock completions words" in run("completions", shell).out


def test_completed_words(run: Run, shop: Path) -> None:
    assert run("completions", "words", "--", "sync", "--package", "").out == "catalog\nweb\n"
    assert run("completions", "words", "--", "sync", "--package", "w").out == "web\n"
    assert run("completions", "words", "--", "outd").out == "outdated\n"
    assert run("completions", "words", "--", "cache", "pr").out == "prune\n"
    assert "--all-packages\n" in run("completions", "words", "--", "sync", "--all").out
    assert run("completions", "tcsh").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="bash")
def test_bash_understands_its_script(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "complete.bash"
    script.write_text(run("completions", "bash").out)
    subprocess.run(["bash", "-n", script], check=True)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "hello-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[interlock.commands]\nhello = hello_plugin:run\nbroken = hello_gone:run\n"
        "[interlock.hooks]\npre-cache-dir = hello_plugin:before\npost-cache-dir = hello_plugin:after\n"
    )
    (site / "hello_plugin.py").write_text(
        "def run(call):\n    call.terminal.data('hello ' + ' '.join(call.rest))\n    return 4\n"
        "def before(call):\n    call.terminal.data('before')\n"
        "def after(call, code):\n    call.terminal.data(f'after {code}')\n"
    )
    monkeypatch.syspath_prepend(site)


def test_plugins_bring_commands(run: Run, plugins: None, shop: Path) -> None:
    result = run("hello", "you", "--loud")
    assert (result.code, result.out) == (4, "hello you --loud\n"), result.err
    broken = run("broken")
    assert broken.code == 1
    assert broken.err.startswith(
        "error[plugin-broken]: The plugin `broken` of hello cannot be loaded: ModuleNotFoundError"
    )
    assert run("--no-plugins", "hello").code == 2
    assert run("--no-plugins", "workspace", "list").code == 0
    shown = run("self", "show", "--json").json()
    assert {"command": "hello", "package": "hello", "object": "hello_plugin:run"} in shown["plugins"]


def test_hooks_run_around_a_command_when_the_user_wants_them(run: Run, plugins: None, shop: Path) -> None:
    place = run("cache", "dir").out
    assert run("config", "plugins", "true").code == 0
    assert run("cache", "dir").out == f"before\n{place}after 0\n"
    assert run("cache", "dir", "--no-plugins").out == place


def test_self_update_shows_what_it_would_run(run: Run) -> None:
    result = run("self", "update", "--dry-run")
    assert result.code in {0, 1}
    assert "--upgrade" in result.out or result.err.startswith("error[no-installer]")
    assert run("self", "add").code == 2


def test_the_schema_knows_every_key(run: Run) -> None:
    schema = json.loads(run("config", "--schema").out)
    assert set(schema["properties"]) == HONOURED | manifest_interlock._OURS | manifest_interlock._KEPT


def test_the_hooks_name_commands_that_exist() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    known = {command.words[0] for command in COMMANDS}
    entries = [line.split()[2] for line in text.splitlines() if line.strip().startswith("entry:")]
    assert entries
    assert set(entries) <= known
