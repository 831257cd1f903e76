"""The tools under measurement: how each is called, and how to read what it made."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers import executable

__all__ = ["INTERLOCK", "PIP", "POETRY", "TOOLS", "UV", "Tool", "installed"]

Pins = frozenset[tuple[str, str]]
OURS = ("bench-", "member-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    name: str
    lockfile: str
    commands: Mapping[str, tuple[str, ...]]
    """Action -> arguments, the executable's name first."""
    environ: Callable[[Path, str], dict[str, str]]
    """Variables for a cache folder and an index address."""
    pins: Callable[[Path], Pins]
    """The name and version pairs of a lockfile, the workspace's own projects aside."""

    def argv(self, action: str) -> list[str]:
        program, *arguments = self.commands[action]
        return [str(executable(program)), *arguments]

    def variables(self, home: Path, cache: Path, index_url: str) -> dict[str, str]:
        """The whole environment of a run: nothing of the caller's but PATH."""
        plain = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1"}
        return plain | self.environ(cache, index_url)


def _locked(text: dict[str, object]) -> Pins:
    packages = text.get("package", text.get("packages"))
    assert isinstance(packages, list)
    pairs = ((package["name"], package.get("version", "")) for package in packages if package)
    return frozenset((name, version) for name, version in pairs if not name.startswith(OURS))


def _from_toml(path: Path) -> Pins:
    return _locked(tomllib.loads(path.read_text()))


def _from_json(path: Path) -> Pins:
    return _locked(json.loads(path.read_bytes()))


def installed(environment: Path) -> Pins:
    """The distributions in a virtual environment, by their folders' names; the workspace's own aside."""
    found = set()
    for folder in environment.glob("lib/python*/site-packages/*.dist-info"):
        name, _, version = folder.name.removesuffix(".dist-info").partition("-")
        found.add((name.lower().replace("_", "-").replace(".", "-"), version))
    return frozenset((name, version) for name, version in found if not name.startswith(OURS))


UV = Tool(
    name="uv",
    lockfile="uv.lock",
    commands={
        "lock": ("uv", "lock"),
        "check": ("uv", "lock", "--check"),
        "sync": ("uv", "sync", "--all-packages", "--locked"),
        "build": ("uv", "build", "--all-packages"),
    },
    environ=lambda cache, index: {
        "UV_CACHE_DIR": str(cache),
        "UV_DEFAULT_INDEX": index,
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
    },
    pins=_from_toml,
)

INTERLOCK = Tool(
    name="interlock",
    lockfile="interlock.lock",
    commands={
        "lock": ("interlock", "lock"),
        "check": ("interlock", "lock", "--check"),
        "sync": ("interlock", "sync", "--all-packages", "--locked"),
        "build": ("interlock", "build", "--all-packages"),
    },
    environ=lambda cache, index: {
        "INTERLOCK_CACHE_DIR": str(cache),
        "INTERLOCK_DEFAULT_INDEX": index,
        "INTERLOCK_PYTHON": sys.executable,
        "INTERLOCK_NO_PROGRESS": "1",
    },
    pins=_from_json,
)

POETRY = Tool(
    name="poetry",
    lockfile="poetry.lock",
    commands={"lock": ("poetry", "lock", "--no-interaction")},
    environ=lambda cache, index: {
        "POETRY_CACHE_DIR": str(cache),
        "POETRY_VIRTUALENVS_CREATE": "false",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    },
    pins=_from_toml,
)

PIP = Tool(
    name="pip",
    lockfile="pylock.toml",
    commands={"lock": ("python", "-m", "pip", "lock", "-q", "-r", "requirements.txt")},
    environ=lambda cache, index: {
        "PIP_CACHE_DIR": str(cache),
        "PIP_INDEX_URL": index,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    },
    pins=_from_toml,
)

TOOLS = (INTERLOCK, UV, POETRY, PIP)
