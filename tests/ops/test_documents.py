"""The documents of ``--json``: what commands write is what their help says, key by key."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.cli.table.commands import COMMANDS
from interlock.cli.table.documents import DOCUMENTS
from tests.core.advisories.records import record
from tests.registry import Registry
from tests.shop import Shop

LINES = {
    "lock": "lock -U --dry-run",
    "sync": "sync --all-packages --no-install-workspace --dry-run",
    "install": "install --all-packages --no-install-workspace --check",
    "add": "add --package web safe --no-sync --dry-run",
    "remove": "remove --package web flask --no-sync --dry-run",
    "update": "update click --dry-run",
    "tree": "tree",
    "show": "show",
    "show one": "show jinja",
    "show latest": "show --latest",
    "why": "why safe",
    "outdated": "outdated --all",
    "check": "check",
    "licenses": "licenses",
    "audit": "audit --advisories OSV",
    "info": "info flask",
    "explain": "explain file-missing",
    "about": "about",
    "debug resolve": "debug resolve click",
    "debug tags": "debug tags",
    "debug verify-lock": "debug verify-lock",
    "version": "version --all-packages",
    "build": "build --package catalog",
    "workspace list": "workspace list",
    "workspace dir": "workspace dir",
    "workspace graph": "workspace graph",
    "env info": "env info",
    "env check": "env check",
    "env verify": "env verify",
    "env repair": "env repair",
    "env list": "env list",
    "env activate": "env activate --shell bash",
    "env use": "env use PYTHON",
    "python list": "python list",
    "python find": "python find",
    "python pin": "python pin 3.11",
    "cache dir": "cache dir",
    "cache size": "cache size",
    "cache verify": "cache verify",
    "cache prune": "cache prune",
    "cache gc": "cache gc --max-size 1TB",
    "cache pack": "cache pack -o OUT.pack",
    "cache unpack": "cache unpack OUT.pack",
    "cache key": "cache key",
    "cache clean": "cache clean nothing-of-it",
    "config": "config --list",
    "config key": "config env",
    "source show": "source show",
    "self show": "self show",
    "run list": "run --list --package web",
    "run all": "run -r --no-sync true",
    "export": "export -o OUT",
    "catalog set": "catalog set click>=8 --no-sync",
    "catalog show": "catalog show",
    "catalog adopt": "catalog adopt click --no-sync",
    "catalog dedupe": "catalog dedupe --no-sync",
    "new": "new elsewhere --no-package",
    "init": "init beside --name beside --no-package",
    "venv": "venv OUT-venv",
    "env remove": "env remove",
    "serve pack-key": "serve pack-key --data DATA",
    "serve gc": "serve gc --data DATA",
    "serve token create": "serve token create --data DATA --scope read",
    "serve token list": "serve token list --data DATA",
}
"""A command line for every shape, in an order in which each finds what it needs."""
ELSEWHERE = {("publish",), ("auth", "token"), ("serve",)}
"""Commands whose documents other tests look at."""


@pytest.fixture
def synced(shop: Shop, packages: Registry) -> Shop:
    packages.wheel("click", "8.2")
    web = shop.manifest("web")
    web.write_text(web.read_text() + '[tool.interlock.tasks]\nhello = "echo hello"\n')
    shop.run("lock")
    shop.run("sync", "--all-packages", "--no-install-workspace", "--group", "dev")
    packages.wheel("click", "9.0")
    return shop


def test_every_document_is_as_its_help_says(synced: Shop, tmp_path: Path) -> None:
    osv = tmp_path / "osv.json"
    osv.write_text(json.dumps(record("PYSEC-1", "click", "introduced 0", "fixed 99")))
    wrong = []
    for line in LINES.values():
        words = [
            {
                "OUT": str(tmp_path / "out"),
                "OUT.pack": str(tmp_path / "out.pack"),
                "OUT-venv": str(tmp_path / "env"),
                "DATA": str(tmp_path / "data"),
                "OSV": str(osv),
                "PYTHON": sys.executable,
            }.get(word, word)
            for word in line.split()
        ]
        place = words.index("true") if "true" in words else len(words)
        result = synced.run(*words[:place], "--json", *words[place:], code=None)
        assert result.code in {0, 1}, (line, result.err)
        assert result.out.startswith("{"), (line, result)
        document = result.json()
        assert "error" not in document or "members" in document, (line, document)
        wrong += [f"{line}: {problem}" for problem in _problems(_command(words), document)]
    assert not wrong, "\n".join(wrong)


def test_every_command_with_a_document_is_looked_at() -> None:
    looked_at = {_command(line.split()) for line in LINES.values()}
    assert set(DOCUMENTS) == looked_at | ELSEWHERE
    assert set(DOCUMENTS) <= {command.words for command in COMMANDS}


def _command(words: list[str]) -> tuple[str, ...]:
    known = {command.words for command in COMMANDS}
    return next(found for found in (tuple(words[:3]), tuple(words[:2]), tuple(words[:1])) if found in known)


def _problems(command: tuple[str, ...], document: object) -> Iterator[str]:
    """Levels whose keys are none of the alternatives that the table has for their place."""
    known: dict[str, list[set[str]]] = {}
    for places, listed in DOCUMENTS[command]:
        for one in places.replace(", and each of children[]", "").split(", "):
            known.setdefault(_place(one), []).append({key.strip() for key in listed.split(",")})
    for place, keys in _levels(document, ""):
        choices = known.get(place, known.get(_any(place), []))
        if any("and what" in key for choice in choices for key in choice):
            continue
        if not choices:
            yield f"nothing is said of {place or 'the document'}, which has {sorted(keys)}"
        elif keys not in choices and not any(choice and choice <= {"KEY", "NAME"} for choice in choices):
            yield f"{place or 'the document'} has {sorted(keys)}, not {sorted(choices[0])}"


def _place(text: str) -> str:
    """``packages[] of one package`` and ``with --list`` are said for people."""
    head = text.partition(" ")[0]
    return "" if head == "with" else head


def _any(place: str) -> str:
    return "KEY" if place and "." not in place and "[" not in place else place


def _levels(value: object, place: str) -> Iterator[tuple[str, set[str]]]:
    if isinstance(value, dict):
        yield place, set(value)
        for key, inner in value.items():
            yield from _levels(inner, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            # A tree has the same level again and again.
            yield from _levels(inner, f"{place}[]".replace("[].children[]", "[]"))
