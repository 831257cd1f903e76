"""A workspace with an index of its own, and commands run in it: what the end-to-end tests of this room share."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from interlock.cli.main import main
from interlock.core.lock.codec import decode_lock
from interlock.core.lock.model import Lock
from tests.index_server import IndexServer
from tests.processes import end_group
from tests.registry import Registry, registry
from tests.wheels import BACKEND

__all__ = ["Result", "Shop", "broken_records", "flask_and_click", "open_shop", "snapshot", "stored_wheels_are_whole"]

_BUILD = '[build-system]\nrequires = []\nbuild-backend = "in_tree_backend"\nbackend-path = ["."]\n'


class Result(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Shop:
    """``root`` is a virtual workspace root with ``packages/*``; the index is named by the environment."""

    def __init__(self, root: Path, cache: Path, packages: Registry, index: IndexServer) -> None:
        self.root = root
        self.cache = cache
        self.packages = packages
        self.index = index
        self.capture: pytest.CaptureFixture[str] | None = None
        self._started: list[subprocess.Popen[str]] = []
        root.mkdir(parents=True)
        self.write("pyproject.toml", '[tool.interlock.workspace]\nmembers = ["packages/*"]\n')

    def __repr__(self) -> str:
        return f"<Shop {self.root}>"

    @property
    def lockfile(self) -> Path:
        return self.root / "interlock.lock"

    @property
    def lock(self) -> Lock:
        return decode_lock(self.lockfile.read_bytes(), file="interlock.lock")

    def versions(self) -> dict[str, str]:
        """Names and versions in the lock."""
        return {package.name: package.version for package in self.lock.packages}

    def write(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place

    def manifest(self, name: str) -> Path:
        return self.root / "packages" / name / "pyproject.toml"

    def member(self, name: str, *requires: str, lines: str = "", version: str = "1.0", python: str = ">=3.11") -> Path:
        """A member in ``packages/<name>`` that builds without any build requirement; ``lines`` are more TOML tables.

        Requirements on other members get their source entry.
        """
        folder = f"packages/{name}"
        asked = ", ".join(json.dumps(text) for text in requires)
        known = {path.name for path in (self.root / "packages").glob("*")}
        own = "".join(f"{other} = {{ workspace = true }}\n" for other in requires if other in known)
        self.write(
            f"{folder}/pyproject.toml",
            f'[project]\nname = "{name}"\nversion = "{version}"\nrequires-python = "{python}"\n'
            f"dependencies = [{asked}]\n{lines}\n"
            f"{'[tool.interlock.sources]' if own else ''}\n{own}{_BUILD}",
        )
        module = name.replace("-", "_")
        facts = [f"Requires-Dist: {text}\n" for text in requires]
        self.write(
            f"{folder}/METADATA.in",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {python}\n{''.join(facts)}",
        )
        self.write(f"{folder}/in_tree_backend.py", BACKEND)
        self.write(f"{folder}/{module}.py", f'NAME = "{name}"\n')
        return self.root / folder

    def run(self, *arguments: str | Path, code: int | None = 0) -> Result:
        """A command in this process; ``code`` is what it has to end with, None for anything."""
        assert self.capture is not None
        self.capture.readouterr()
        found = main(["--directory", str(self.root), *map(str, arguments)])
        out, err = self.capture.readouterr()
        assert code is None or found == code, f"{arguments} ended with {found}\n{out}\n{err}"
        if found == 0 and arguments[:1] == ("lock",) and "--no-sources" not in " ".join(map(str, arguments)):
            self._judge()
        return Result(found, out, err)

    def _judge(self) -> None:
        """Whatever is locked for the workspace has to be sound, as far as the cache can tell."""
        assert self.capture is not None
        main(["--directory", str(self.root), "--offline", "-q", "debug", "verify-lock"])
        out, _ = self.capture.readouterr()
        assert "error[" not in out, f"The lock is not sound:\n{out}"

    def start(self, *arguments: str | Path, **environ: str) -> subprocess.Popen[str]:
        """A command in a process and a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "interlock", *map(str, arguments)],
            cwd=self.root,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what was started and still runs, with its group: a test that fails waits for nothing."""
        for process in self._started:
            end_group(process)
        self._started.clear()

    def spawn(self, *arguments: str | Path, code: int | None = 0, **environ: str) -> Result:
        """A command in a process of its own, to its end."""
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=60)
        assert code is None or process.returncode == code, f"{arguments} ended with {process.returncode}\n{out}\n{err}"
        return Result(process.returncode, out, err)

    def python(self, code: str, *, environment: Path | None = None) -> str:
        """What a program prints in an environment."""
        python = (environment or self.root / ".venv") / "bin" / "python"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def can_import(self, module: str, *, environment: Path | None = None) -> bool:
        python = (environment or self.root / ".venv") / "bin" / "python"
        done = subprocess.run([python, "-c", f"import {module}"], capture_output=True, timeout=60, check=False)
        return done.returncode == 0

    def installed(self, environment: Path | None = None) -> dict[str, str]:
        """Names and versions by the metadata folders."""
        folders = (environment or self.root / ".venv").glob("lib/python3*/site-packages/*.dist-info")
        stems = [folder.name.removesuffix(".dist-info").rpartition("-") for folder in folders]
        return {name.replace("_", "-"): version for name, _, version in sorted(stems)}

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing in the workspace changes, and the store stays whole and tidy."""
        before = snapshot(self.root)
        yield
        after = snapshot(self.root)
        assert after == before, sorted({*before.items()} ^ {*after.items()})
        stored_wheels_are_whole(self.cache)
        assert not list((self.cache / "tmp").glob("*"))

    def refuses(self, *arguments: str | Path, code: int = 1, error: str = "") -> Result:
        """A command that fails with an error's code and leaves everything as it was."""
        with self.unchanged():
            result = self.run(*arguments, code=code)
        assert result.out == ""
        assert "Traceback" not in result.err
        if error:
            assert result.err.startswith(f"error[{error}]: "), result.err
        return result


def snapshot(root: Path) -> dict[str, tuple[str, str, int]]:
    """Every path below a directory with its kind, its content and its mode; not the notes inside of environments."""
    found: dict[str, tuple[str, str, int]] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in {"__pycache__", ".interlock"}]
        for name in (*folders, *names):
            path = Path(folder, name)
            shown = path.relative_to(root).as_posix()
            if path.is_symlink():
                found[shown] = ("link", os.readlink(path), 0)
            elif path.is_dir():
                found[shown] = ("folder", "", 0)
            else:
                found[shown] = ("file", hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
    return found


def broken_records(site: Path) -> list[str]:
    """What is wrong with the distributions of a site-packages folder, by their RECORD."""
    wrong = []
    for info in site.glob("*.dist-info"):
        try:
            rows = list(csv.reader((info / "RECORD").read_text().splitlines()))
        except FileNotFoundError:
            wrong.append(f"{info.name} has no RECORD")
            continue
        for path, digest, _ in rows:
            place = site / path
            if not place.is_file():
                wrong.append(f"{info.name}: {path} is missing")
            elif digest:
                actual = hashlib.sha256(place.read_bytes()).digest()
                if digest != "sha256=" + base64.urlsafe_b64encode(actual).rstrip(b"=").decode():
                    wrong.append(f"{info.name}: {path} is not what was installed")
    return wrong


def stored_wheels_are_whole(cache: Path) -> None:
    trees = list(cache.glob("wheels-v1/*/*/tree"))
    wrong = [text for tree in trees for text in broken_records(tree)]
    assert not wrong, wrong


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> Result:
    """Send a signal to a command and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    return Result(process.returncode, out, err)


IndexFactory = Callable[..., IndexServer]


def flask_and_click(**more: dict[str, list[str]]) -> Registry:
    """What the members of most shops need, two versions of each."""
    return registry(
        flask={"3.0": ["jinja>=3", "click"], "3.1": ["jinja>=3", "click"]},
        jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
        safe={"2.0": [], "2.1": []},
        click={"8.0": [], "8.1": []},
        **more,
    )


@contextlib.contextmanager
def open_shop(
    place: Path, packages: Registry, server: IndexServer, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    """A workspace without members below ``place``, which commands of this process and of others find its index for."""
    shop = Shop(place / "shop", place / "cache", packages, server)
    shop.capture = capture
    patch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    patch.setenv("INTERLOCK_PYTHON", sys.executable)
    patch.setenv("INTERLOCK_CACHE_DIR", str(shop.cache))
    patch.setenv("INTERLOCK_HTTP_RETRIES", "0")
    try:
        yield shop
    finally:
        shop.close()
