"""Users whom the machine does not know, and places that are for reading only, as containers have them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import Registry
from tests.shop import Shop, snapshot

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="users and modes of POSIX")

READING = [
    ("lock", "--check"),
    ("lock",),
    ("tree",),
    ("show",),
    ("why", "click"),
    ("export",),
    ("check",),
    ("workspace", "list"),
    ("env", "info"),
    ("sync", "--all-packages", "--check"),
    ("sync", "--all-packages"),
    ("sync", "--all-packages", "--frozen"),
    ("run", "--no-sync", "python", "-c", "import flask"),
    ("run", "--frozen", "--all-packages", "python", "-c", "import flask, catalog"),
    ("run", "--all-packages", "python", "-c", "import flask, catalog"),
]
HOMES: dict[str, dict[str, str]] = {
    "no home": {},
    "an empty one": {"HOME": ""},
    "one that is no path": {"HOME": "somewhere"},
    "one that is not there": {"HOME": "/nonexistent"},
    "one that is not theirs": {"HOME": "/"},
}


_OWN = {"HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "INTERLOCK_CACHE_DIR"}


class Stranger:
    """Somebody whom the machine does not know runs commands in a workspace."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.python = sys.executable
        self._prefix: list[str] = []
        if os.geteuid() == 0:
            found, setpriv = shutil.which("python3", path="/usr/bin:/usr/local/bin"), shutil.which("setpriv")
            if found is None or setpriv is None or self._version(found) != self._version(sys.executable):
                pytest.skip("needs an interpreter that everybody may start, and setpriv")
            self.python = found
            self._prefix = [setpriv, "--reuid=54321", "--regid=54321", "--clear-groups"]

    def _version(self, python: str) -> str:
        show = [python, "-c", "import sys; print(sys.version_info[:2])"]
        return subprocess.run(show, capture_output=True, text=True, check=True).stdout

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        source = Path(__file__).parents[2] / "src"
        # What builds may depend on is as it was.
        known = {name: value for name, value in os.environ.items() if name not in _OWN}
        known |= {
            "PYTHONPATH": os.pathsep.join((sysconfig.get_paths()["purelib"], str(source))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": "/tmp",
            "INTERLOCK_PYTHON": self.python,
        }
        command = [*self._prefix, self.python, "-m", "interlock", *arguments]
        place, environ = self.shop.root, {**known, **environ}
        return subprocess.run(command, cwd=place, env=environ, capture_output=True, text=True, timeout=50, check=False)


@pytest.fixture
def stranger(
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Stranger]:
    """In a workspace that is in sync and everybody's to read, beside which everybody may write."""
    # Pytest's own folders are for their owner alone.
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o777)
        shop = Shop(place / "shop", place / "cache", packages, index(packages))
        shop.capture = capsys
        shop.member("catalog", "click")
        shop.member("web", "catalog", "flask")
        found = Stranger(shop)
        monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", shop.index.url)
        monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(shop.cache))
        shop.run("sync", "--all-packages", "--python", found.python)
        subprocess.run(["chmod", "-R", "a+rX,a-w", str(shop.root), str(shop.cache)], check=True)
        yield found
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


@pytest.mark.parametrize("cache", ["none", "--no-cache", "to read"])
def test_what_only_reads_writes_nothing(stranger: Stranger, cache: str) -> None:
    shop = stranger.shop
    given = {"none": [], "--no-cache": ["--no-cache"], "to read": ["--cache-dir", str(shop.cache)]}[cache]
    before = snapshot(shop.root), snapshot(shop.cache)
    for command in READING:
        done = stranger.run(*given, *command, HOME="/nonexistent")
        assert done.returncode == 0, (command, done.stderr)
    assert (snapshot(shop.root), snapshot(shop.cache)) == before


@pytest.mark.parametrize("home", HOMES)
def test_without_a_home_directory_commands_work_or_say_what_they_need(stranger: Stranger, home: str) -> None:
    environ = HOMES[home]
    for arguments in (
        ("--version",),
        ("cache", "dir"),
        ("config", "--list"),
        ("lock", "--check"),
        ("new", "thing", "--no-workspace"),
        ("config", "progress", "false"),
        ("auth", "token", "inner"),
        ("-C", "~", "lock"),
        ("--cache-dir", "~/x", "lock", "--check"),
        ("python", "list"),
        ("about",),
    ):
        done = stranger.run(*arguments, **environ)
        assert done.returncode in {0, 1, 2}, (arguments, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(stranger: Stranger) -> None:
    for cache in (stranger.shop.cache, stranger.shop.root / "cache"):
        done = stranger.run("--cache-dir", str(cache), "run", "--with", "jinja==3.0", "python", "-c", "")
        assert done.returncode == 1
        assert done.stderr.startswith(f"error[cache-unusable]: The cache {cache} cannot be used: "), done.stderr
        assert "--no-cache" in done.stderr
    assert stranger.run("--no-cache", "run", "--with", "jinja==3.0", "python", "-c", "import jinja").returncode == 0


def test_without_a_home_directory_nothing_is_cached_and_that_is_said(stranger: Stranger) -> None:
    done = stranger.run("run", "--with", "jinja==3.0", "python", "-c", "import jinja")
    assert done.returncode == 0, done.stderr
    assert "warning[no-cache]: " in done.stderr
