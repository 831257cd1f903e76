"""A workspace in which every verb has something to do, and what has to hold of it whatever was done to it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from interlock.build.results import Results
from interlock.store.build_records import Records
from interlock.store.layout import Bucket, Layout
from tests import release_trees
from tests.interrupting import opened
from tests.publish.loopback_index import run_index
from tests.registry import Registry
from tests.shop import Shop, broken_records, snapshot, stored_wheels_are_whole
from tests.wheels import make_wheel

__all__ = ["VERBS", "Files", "Stage", "Verb", "member", "neither", "staged", "store_is_whole"]

Files = dict[str, tuple[str, str, int]]
"""What :func:`tests.shop.snapshot` gives."""
_BACKEND = release_trees.BACKEND + "\nbuild_editable = build_wheel\n"
_ENVIRONMENTS = (".venv", "served")
"""Folders of the workspace that are judged by their RECORDs while they are not finished."""
_PASSING = re.compile(r"\.(out|served)\.interlock-(new|old)|\.interlock-\d+-\d+")
"""What a killed process may leave beside of a place until the next one comes."""


class Verb(NamedTuple):
    arguments: tuple[str, ...]
    prepare: Callable[[Stage], None]
    """Leads from the workspace in sync to where there is something to do."""
    otherwise: tuple[str, ...] = ()
    """What one does after an interruption where the manifests have changed already, and the verb would say so."""


class Stage:
    """The workspace ``shop``; ``index`` is a folder that is published to."""

    def __init__(self, shop: Shop, index: Path) -> None:
        self.shop = shop
        self.index = index
        self._place = shop.root.parent

    def __repr__(self) -> str:
        return f"<Stage {self._place}>"

    def keep(self, name: str) -> None:
        """Remember everything as it is: workspace, environment, store, index."""
        for part in self._parts():
            subprocess.run(["cp", "-a", part, self._kept(name, part)], check=True)

    def restore(self, name: str) -> None:
        for part in self._parts():
            shutil.rmtree(part, ignore_errors=True)
            subprocess.run(["cp", "-a", self._kept(name, part), part], check=True)

    def files(self) -> Files:
        """What the workspace and the index hold."""
        published = {f"index/{name}": found for name, found in snapshot(self.index).items()}
        return snapshot(self.shop.root) | published

    def broken(self) -> list[str]:
        """What is not whole of environments and the store."""
        sites = [site for name in _ENVIRONMENTS for site in self.shop.root.glob(f"{name}/lib/python3*/site-packages")]
        return [text for site in sites for text in broken_records(site)] + store_is_whole(self.shop.cache)

    def _parts(self) -> tuple[Path, ...]:
        return self.shop.root, self.shop.cache, self.index

    def _kept(self, name: str, part: Path) -> Path:
        folder = self._place / "kept" / name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        return folder / part.name


def store_is_whole(cache: Path) -> list[str]:
    """What is wrong with the wheels, the builds and the build environments that a store shows."""
    wrong = []
    try:
        stored_wheels_are_whole(cache)
    except AssertionError as error:
        wrong.append(f"the store: {error}")
    layout = Layout(cache)
    wrong += [
        f"the store: {entry} is half written"
        for entry in layout.bucket(Bucket.BUILT).glob("??/*")
        if Records(layout).load(entry.name) is None and Results(layout).load(entry.name) is None
    ]
    for environment in layout.bucket(Bucket.BUILD_ENVIRONMENTS).glob("??/*"):
        if (environment / "complete").exists():
            sites = environment.glob("lib/python*/site-packages")
            wrong += [f"the store: {text}" for site in sites for text in broken_records(site)]
    return wrong


def neither(found: Files, before: Files, after: Files) -> list[str]:
    """Files that are neither as they were nor as they will be; environments are judged otherwise."""
    paths = sorted({*found, *before, *after})
    return [
        path
        for path in paths
        if path.partition("/")[0] not in _ENVIRONMENTS
        and not any(_PASSING.fullmatch(part) for part in path.split("/"))
        and found.get(path) not in (before.get(path), after.get(path))
    ]


def _packages() -> Registry:
    made = Registry()
    for version in ("3.0", "3.1"):
        needs = ["jinja>=3", "click"]
        files = {f"flask/module{number}.py": f"X = '{version}'\n" for number in range(40)}
        files |= {"flask/__init__.py": f"VERSION = '{version}'\n", f"flask/only_in_{version[-1]}.py": ""}
        points = {"console_scripts": {"flask": "flask:main"}}
        made.add(make_wheel("flask", version, requires=needs, files=files, entry_points=points))
        made.wheel("jinja", version, "safe>=2")
    for name, version in (("safe", "2.0"), ("safe", "2.1"), ("click", "8.0"), ("click", "8.1")):
        made.wheel(name, version)
    for number in range(8):
        files = {f"part{number}/module{index}.py": f"X = {index}\n" for index in range(30)}
        made.add(make_wheel(f"part{number}", "1.0", files=files | {f"part{number}/__init__.py": ""}))
    return made


def member(root: Path, name: str, *, needs: Sequence[str] = (), siblings: Sequence[str] = ()) -> Path:
    """A member that can be built in every way without build requirements."""
    tree = release_trees.member(
        root, name, needs=[*siblings, *needs], backend=_BACKEND, more='requires-python = ">=3.11"\n'
    )
    if siblings:
        with open(tree / "pyproject.toml", "a") as file:
            file.write(
                "\n[tool.interlock.sources]\n" + "".join(f"{one} = {{ workspace = true }}\n" for one in siblings)
            )
    return tree


def _asks(stage: Stage, old: str, new: str) -> None:
    manifest = stage.shop.manifest("web")
    manifest.write_text(manifest.read_text().replace(old, new))


def _nothing(stage: Stage) -> None:
    del stage


def _newer(stage: Stage) -> None:
    _asks(stage, "flask<3.1", "flask>=3.1")


def _newer_lock(stage: Stage) -> None:
    _newer(stage)
    stage.shop.spawn("lock")


def _cold(stage: Stage) -> None:
    stage.shop.lockfile.unlink()
    shutil.rmtree(stage.shop.cache)
    stage.shop.cache.mkdir()


def _no_environment(stage: Stage) -> None:
    shutil.rmtree(stage.shop.root / ".venv")
    shutil.rmtree(stage.shop.cache / "wheels-v1")


def _pruned(stage: Stage) -> None:
    stage.shop.spawn("prune", "--package", "web", "-o", "out")
    _newer_lock(stage)


def _deployed(stage: Stage) -> None:
    stage.shop.spawn("deploy", "--package", "web", "-o", "served")
    _newer_lock(stage)


def _built(stage: Stage) -> None:
    stage.shop.spawn("build", "--all-packages")


VERBS = {
    "lock": Verb(("lock",), _newer),
    "lock, cold": Verb(("lock",), _cold),
    "sync": Verb(("sync", "--all-packages"), _no_environment),
    "sync, change": Verb(("sync", "--all-packages"), _newer_lock),
    "add": Verb(("add", "--package", "web", "part1"), _nothing),
    "remove": Verb(("remove", "--package", "web", "flask"), _nothing, ("sync", "--package", "web")),
    "build": Verb(("build", "--all-packages"), _nothing),
    "publish --dry-run": Verb(("publish", "--all-packages", "--dry-run"), _built),
    "publish": Verb(("publish", "--all-packages"), _built),
    "prune": Verb(("prune", "--package", "web", "-o", "out"), _nothing),
    "prune, again": Verb(("prune", "--package", "web", "-o", "out"), _pruned),
    "deploy": Verb(("deploy", "--package", "web", "-o", "served"), _nothing),
    "deploy, again": Verb(("deploy", "--package", "web", "-o", "served"), _deployed),
}


@contextmanager
def staged(place: Path) -> Iterator[Stage]:
    """The workspace in sync with ``flask<3.1``, kept by the name of each verb where that has something to do."""
    folder = place / "index"
    folder.mkdir()
    names = ("INTERLOCK_PUBLISH_URL", "INTERLOCK_PUBLISH_CHECK_URL")
    before = {name: os.environ.get(name) for name in names}
    with run_index(folder) as index, opened(place, _packages()) as shop:
        os.environ.update(zip(names, (index.upload_url, index.simple_url), strict=True))
        try:
            member(shop.root, "catalog", needs=["click"])
            member(shop.root, "web", needs=["flask<3.1", "part0"], siblings=["catalog"])
            shop.spawn("sync", "--all-packages")
            stage = Stage(shop, folder)
            stage.keep("in sync")
            yield stage
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
