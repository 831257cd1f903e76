"""The law of selections by the real commands: locks of random workspaces, exported and planned.

The nightly run, which takes what is marked as hypothesis, tries more of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from packaging.markers import default_environment

from tests.core.lock.test_selection_law import differences, exported, walked
from tests.core.lock.workspaces import ENVIRONMENTS, Part, manifests, random_workspace, selections
from tests.index_server import IndexServer
from tests.registry import Registry
from tests.shop import Shop
from tests.wheels import make_wheel

_REFUSED = (1, 2)
_BARE = ("--no-hashes", "--no-editable", "--no-header", "--no-annotate")


@pytest.mark.hypothesis
@pytest.mark.parametrize("seed", range(max(8, settings().max_examples // 100)))
def test_commands_select_what_the_manifests_need_or_refuse(
    seed: int,
    tmp_path: Path,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workspace = random_workspace(seed)
    server = index(_registry(workspace))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    shop = Shop(tmp_path / "shop", tmp_path / "cache", Registry(), server)
    shop.capture = capsys
    for path, text in manifests(workspace).items():
        shop.write(f"{path}/pyproject.toml", text)
    if shop.run("lock", code=None).code:
        return
    alone = [parts[0] for parts in selections(workspace, seed, 6) if len(parts) == 1]
    found = [text for part in alone for text in _wrong(shop, workspace, part)]
    assert found == []


def _registry(workspace: dict[str, Any]) -> Registry:
    found = Registry()
    for name, releases in workspace["packages"].items():
        for version, release in releases.items():
            built = make_wheel(
                name,
                version,
                requires=release["requires"],
                extras=release.get("extras"),
                requires_python=release.get("requires-python"),
            )
            found.publish(built, yanked=release.get("yanked", False))
    return found


def _wrong(shop: Shop, workspace: dict[str, Any], part: Part) -> Iterator[str]:
    """What is wrong with what `export` and `sync` say to a selection."""
    flags = ["--package", part.member, "--no-default-groups", "--frozen"]
    flags += [text for extra in part.extras for text in ("--extra", extra)]
    flags += [text for group in part.groups for text in ("--group" if part.project else "--only-group", group)]
    walks = {name: walked(workspace, values, (part,), {}) for name, values in ENVIRONMENTS.items()}
    conflicting = any(walk.conflicts() and not walk.strangers() for walk in walks.values())
    may_conflict = any(walk.conflicts() for walk in walks.values())
    text = shop.run("export", "--format", "requirements", *_BARE, *flags, code=None)
    refused = text.code in _REFUSED
    if conflicting > refused or refused > may_conflict:
        yield f"export {flags} ends with {text.code}: {text.err}"
    elif not refused:
        for name, values in ENVIRONMENTS.items():
            if not walks[name].strangers():
                yield from _compared(f"export {flags} for {name}", workspace, part, values, exported(text.out, values))
    yield from _wrong_plan(shop, workspace, part, flags)


def _wrong_plan(shop: Shop, workspace: dict[str, Any], part: Part, flags: list[str]) -> Iterator[str]:
    here = {key: str(value) for key, value in default_environment().items()}
    walk = walked(workspace, here, (part,), {})
    refused = bool(walk.conflicts() or walk.strangers())
    done = shop.run("sync", "--dry-run", "--json", *flags, code=None)
    if refused != (done.code in _REFUSED):
        yield f"sync {flags} ends with {done.code}: {done.err}"
    elif not refused:
        members: set[str] = set()
        chosen: dict[str, list[str]] = {}
        (environment,) = done.json()["environments"]
        for entry in environment["install"]:
            if entry["name"] in workspace["members"]:
                members.add(entry["name"])
            else:
                chosen.setdefault(entry["name"], []).append(entry["version"])
        yield from _compared(f"sync {flags}", workspace, part, here, (members, chosen))


def _compared(
    said: str,
    workspace: dict[str, Any],
    part: Part,
    values: dict[str, str],
    found: tuple[set[str], dict[str, list[str]]],
) -> Iterator[str]:
    members, chosen = found
    walk = walked(workspace, values, (part,), chosen)
    yield from (f"{said}: {text}" for text in differences(walk, workspace, members))
