"""config, source, auth, self, plugins and the schema."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from interlock.cli.table.commands import COMMANDS
from interlock.core.manifests import indexes, sources, tasks
from interlock.core.manifests import interlock as manifest_interlock
from interlock.core.manifests.uv import HONOURED
from tests.architecture import ROOT
from tests.cli.conftest import Run
from tests.index_server import Behaviour, serve
from tests.registry import registry
from tests.wheels import make_wheel


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


def test_an_unknown_setting_is_answered_with_the_right_one(run: Run, shop: Path, tmp_path: Path) -> None:
    result = run("config", "add-bound", "major")
    assert result.code == 2
    assert "Did you mean `add-bounds`?" in result.err
    assert "`interlock config --list` shows them all." in run("config", "nonsense").err
    for line in (("repositories.inner", "https://index.test/"), ("virtualenvs.in-project",)):
        poetrys = run("config", *line)
        assert (poetrys.code, f"`{line[0]}` is a setting of Poetry." in poetrys.err) == (2, True)
    assert "interlock source add" in run("config", "repositories.inner").err
    for key, value, fits in (
        ("http-retries", "many", "a whole number from 0 on"),
        ("concurrent-builds", "0", "a whole number from 1 on"),
        ("http-timeout", "soon", "a number of seconds"),
        ("http-timeout", "inf", "a number of seconds"),
        ("link-mode", "teleport", "clone, hardlink, copy or symlink"),
        ("plugins", "perhaps", "true or false"),
    ):
        refused = run("config", key, value)
        assert (refused.code, f"It can be {fits}." in refused.err) == (2, True), refused.err
    assert not (tmp_path / "config/interlock/config.toml").exists()


def test_a_file_with_a_wrong_value_is_named(run: Run, shop: Path, tmp_path: Path) -> None:
    path = tmp_path / "config/interlock/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('link-mode = "teleport"\n')
    result = run("lock")
    assert (result.code, result.err.splitlines()[0]) == (
        1,
        f"error[user-configuration]: {path}: `link-mode` is `teleport`; it can be clone, hardlink, copy or symlink.",
    )


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


_RING = """\
import json, os
from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential
from keyring.errors import PasswordDeleteError, PasswordSetError

PLACE = os.environ["RING_FILE"]

class Ring(KeyringBackend):
    priority = 1

    def _read(self):
        return json.load(open(PLACE)) if os.path.exists(PLACE) else {}

    def _write(self, ring):
        if os.path.exists(PLACE + ".closed"):
            raise PasswordSetError("it is locked")
        with open(PLACE, "w") as file:
            json.dump(ring, file)

    def get_password(self, service, user):
        return self._read().get(service, {}).get(user)

    def set_password(self, service, user, password):
        ring = self._read()
        ring.setdefault(service, {})[user] = password
        self._write(ring)

    def delete_password(self, service, user):
        ring = self._read()
        if user not in ring.get(service, {}):
            raise PasswordDeleteError("not there")
        del ring[service][user]
        self._write(ring)
"""


@pytest.mark.parametrize("provider", ["import", "subprocess"])
def test_secrets_go_to_the_keyring_when_one_is_used(
    spawn: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    pytest.importorskip("keyring")
    ring = tmp_path / "ring.json"
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring/jsonring.py").write_text(_RING)
    for name, value in {
        "PYTHON_KEYRING_BACKEND": "jsonring.Ring",
        "PYTHONPATH": str(tmp_path / "ring"),
        "RING_FILE": str(ring),
        "INTERLOCK_KEYRING_PROVIDER": provider,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }.items():
        monkeypatch.setenv(name, value)
    with serve(registry(house={"1.0": []}), Behaviour(credentials=("ann", "s3cret"))) as server:
        assert spawn("source", "add", "inner", server.url).code == 0
        web = shop / "apps/web/pyproject.toml"
        web.write_text('[project]\nname = "web"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["house"]\n')
        assert spawn("lock").code == 1
        stored = spawn("config", "http-basic.inner", "ann", "s3cret")
        assert stored.code == 0, stored.err
        assert json.loads(ring.read_text()) == {server.url: {"ann": "s3cret"}}
        assert spawn("auth", "token", "inner").out == "s3cret\n"
        locked = spawn("lock")
        assert locked.code == 0, locked.err
        # Only the keyring and the index have seen it.
        for path in tmp_path.rglob("*"):
            assert path == ring or not path.is_file() or b"s3cret" not in path.read_bytes(), path
        assert spawn("auth", "login", "inner", "-u", "ann", "--password", "n3w").code == 0
        assert spawn("auth", "token", "inner", "--json").json() == {"username": "ann", "password": "n3w"}
        (tmp_path / "ring.json.closed").touch()
        refused = spawn("auth", "login", "inner", "-u", "ann", "--password", "0ther")
        assert (refused.code, refused.err.partition(":")[0]) == (1, "error[keyring-failed]"), refused.err
        assert "0ther" not in refused.err
        (tmp_path / "ring.json.closed").unlink()
        assert spawn("auth", "logout", "inner").code == 0
        assert json.loads(ring.read_text()) == {server.url: {}}
        assert spawn("auth", "logout", "inner").code == 2


def test_a_login_for_an_index_that_is_not_there_is_told(run: Run, shop: Path) -> None:
    assert run("source", "add", "inner", "https://index.test/simple/").code == 0
    result = run("auth", "login", "iner", "-u", "ann", "--password", "x")
    assert result.code == 0
    assert "There is no index `iner` here" in result.err
    assert "Did you mean `inner`?" in result.err
    assert run("config", "http-basic.iner").out == "ann\n"
    assert run("config", "http-basic.iner", "--unset").code == 0
    assert run("config", "pypi-token.iner").code == 2


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
    assert run("source", "add", "c", "not-a-url").code == 2
    assert run("source", "remove", "b").code == 0
    assert root.read_text() == before
    assert run("source", "remove", "z").code == 2


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
    assert "plugin hello (hello, hello_plugin:run)\n" in run("self", "show", "plugins").out
    assert "python" not in run("self", "show", "plugins").out
    assert run("self", "show", "everything").code == 2


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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="paths of a virtual environment")
def test_plugins_are_installed_beside_this_program_and_go_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an environment of its own, which sees what this one has and has its own pip."""
    home = tmp_path / "home"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    (site,) = home.glob("lib/python3*/site-packages")
    (site / "ours.pth").write_text("\n".join([str(ROOT / "src"), sysconfig.get_path("purelib")]) + "\n")
    plugin = make_wheel(
        "interlock-hello",
        "1.0",
        files={
            "hello_plugin.py": "def run(call):\n    call.terminal.data('hello ' + ' '.join(call.rest))\n    return 0\n",
        },
        entry_points={"interlock.commands": {"hello": "hello_plugin:run"}},
    )
    (tmp_path / plugin.filename).write_bytes(plugin.data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(home / "bin/python"), "-m", "interlock", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert call("hello").returncode == 2
    added = call("self", "add", f"./{plugin.filename}")
    assert added.returncode == 0, added.stderr
    assert call("hello", "you").stdout == "hello you\n"
    shown = json.loads(call("self", "show", "--json").stdout)
    assert shown["python"] == str(home / "bin/python")
    assert [plugin["package"] for plugin in shown["plugins"]] == ["interlock-hello"]
    assert call("self", "remove", "interlock-hello", "--dry-run").stdout.endswith("uninstall -y interlock-hello\n")
    assert call("self", "remove", "interlock-hello").returncode == 0
    assert call("hello").returncode == 2
    assert call("self", "add", "interlock-nowhere-to-be-had").returncode == 1


def test_where_a_setting_is_from_is_told_of_every_variable_that_decides_it(
    run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "NO_COLOR")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    found = run("config", "--list", "--json").json()
    assert found["progress"] == {"value": True, "origin": "default"}
    assert found["ca-bundle"]["origin"] == found["color"]["origin"] == "default"
    monkeypatch.setenv("INTERLOCK_NO_PROGRESS", "1")
    monkeypatch.setenv("PIP_CERT", "/certificates.pem")
    monkeypatch.setenv("NO_COLOR", "1")
    found = run("config", "--list", "--json").json()
    assert found["progress"] == {"value": False, "origin": "INTERLOCK_NO_PROGRESS"}
    assert found["ca-bundle"] == {"value": "/certificates.pem", "origin": "PIP_CERT"}
    assert found["color"] == {"value": "never", "origin": "NO_COLOR"}
    monkeypatch.setenv("SSL_CERT_FILE", "/more.pem")
    assert run("config", "ca-bundle", "--json").json()["origin"] == "SSL_CERT_FILE"


def test_the_schema_knows_every_key(run: Run) -> None:
    schema = json.loads(run("config", "--schema").out)
    assert set(schema["properties"]) == HONOURED | manifest_interlock._OURS | manifest_interlock._KEPT


def test_the_schema_knows_the_keys_of_inner_tables(run: Run) -> None:
    found = json.loads(run("config", "--schema").out)["properties"]
    one, several = found["sources"]["additionalProperties"]["anyOf"]
    keys = {key for kind in sources._KEYS.values() for key in kind} | set(sources._CONDITIONS)
    assert set(one["properties"]) == set(several["items"]["properties"]) == keys
    assert set(found["index"]["items"]["properties"]) == {*indexes._KEYS, *indexes._NOT_HONOURED}
    assert set(found["tasks"]["additionalProperties"]["anyOf"][2]["properties"]) == set(tasks._KEYS)
    assert set(found["workspace"]["properties"]) == {"members", "exclude"}
    assert set(found["version"]["properties"]) == {"groups", "dependents"}
    assert set(found["build"]["properties"]) == {"source-date-epoch"}
    assert not [key for key, value in found.items() if not value.keys() - {"description"}]


@pytest.mark.parametrize("example", sorted(ROOT.glob("workspaces/*/pyproject.toml")), ids=lambda path: path.parent.name)
def test_the_schema_knows_the_keys_of_the_examples(run: Run, example: Path) -> None:
    schema = json.loads(run("config", "--schema").out)
    table = tomllib.loads(example.read_text()).get("tool", {}).get("interlock", {})
    assert set(table) <= set(schema["properties"])


def test_the_hooks_name_commands_that_exist() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    known = {command.words[0] for command in COMMANDS}
    entries = [line.split()[2] for line in text.splitlines() if line.strip().startswith("entry:")]
    assert entries
    assert set(entries) <= known


def test_passwords_in_addresses_are_shown_by_no_command_and_kept_where_only_the_owner_reads(
    run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = shop / "pyproject.toml"
    manifest.write_text(
        manifest.read_text()
        + '\n[[tool.interlock.index]]\nname = "inner"\nurl = "http://ann:s3cret@h.test/simple/"\nexplicit = true\n'
    )
    monkeypatch.setenv("INTERLOCK_INDEX", "c=http://ann:s3cret@h.test/simple/")
    run("lock", "--offline")
    for line in (["config"], ["config", "--json"], ["config", "index"], ["config", "index", "--json"]):
        result = run(*line)
        assert "h.test" in result.out
        assert "s3cret" not in result.out + result.err
    store = Path(run("cache", "dir").out.strip())
    for path in store.rglob("*"):
        if path.is_file() and b"s3cret" in path.read_bytes():
            assert not path.stat().st_mode & 0o077, path
