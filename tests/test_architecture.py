"""The shape of the source is a test: who imports whom, how long things are, which names are taken."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture import ROOT, Module, assigned_code, bases, error_classes, modules, room_of, runs_elsewhere

SURFACE = {"cli", "__main__"}
EDGES = {
    "": set(),
    "errors": set(),
    "signals": set(),
    "core": {"errors"},
    "events": {"errors", "core"},
    "settings": {"errors", "core"},
    "means": {"core", "events", "settings", "store"},
    "context": {"core", "events", "settings", "means", "store"},
    "store": {"errors", "core", "events"},
    "packs": {"errors", "core", "store"},
    "envs": {"errors", "core", "events", "store"},
    "index": {"errors", "core", "events", "store"},
    "git": {"errors", "core", "events", "store"},
    "build": {"errors", "core", "events", "store", "envs"},
    "install": {"errors", "core", "events", "store", "envs"},
    "publish": {"errors", "core", "events", "store", "index"},
    "workspace": {"", "errors", "core", "events", "store", "envs", "git", "build", "install"},
    "toolchain": {
        "errors", "core", "events", "means", "store", "envs", "index", "git", "build", "workspace",
    },
    "resolution": {
        "errors", "core", "events", "settings", "means", "store", "envs", "index", "git", "build", "install",
        "workspace", "toolchain",
    },
    "service": {
        "", "errors", "signals", "core", "events", "settings", "means", "store", "packs", "index", "workspace",
        "toolchain", "resolution",
    },
    "ops": {
        "", "errors", "signals", "core", "events", "settings", "means", "context", "store", "packs", "envs", "index",
        "git", "build", "install", "publish", "workspace", "toolchain", "resolution", "service",
    },
    "cli": {
        "", "errors", "signals", "core", "events", "settings", "means", "context", "store", "workspace", "toolchain",
        "ops", "service",
    },
    "__main__": {"cli", "signals"},
}  # fmt: skip
"""Room -> rooms it may import, beside itself."""

FOLDERS = {
    "names": {"errors"},
    "text": {"errors"},
    "markers": {"errors", "names", "text"},
    "settings": {"errors", "names", "text"},
    "toml": {"errors"},
    "versions": {"errors", "text"},
    "sources": {"errors", "names", "settings"},
    "artifacts": {"names", "text", "markers", "versions", "sources"},
    "requirements": {"errors", "names", "text", "sources"},
    "manifests": {"errors", "names", "markers", "settings", "versions", "sources", "requirements"},
    "metadata": {"errors", "names", "text", "markers", "toml", "versions", "requirements"},
    "plan": {"names", "settings", "versions", "sources", "artifacts"},
    "editing": {"errors", "names", "text", "settings", "toml", "versions", "sources", "requirements", "manifests"},
    "members": {"names", "markers", "sources", "requirements", "manifests"},
    "lock": {
        "errors", "names", "text", "markers", "settings", "versions", "sources", "artifacts", "requirements",
        "manifests", "plan", "members",
    },
    "advisories": {"errors", "names", "text", "versions", "manifests"},
    "imports": {"names"},
    "foreign": {"errors", "names", "text", "markers", "toml", "versions", "requirements", "editing", "lock"},
    "soundness": {"names", "markers", "sources", "artifacts", "requirements", "manifests", "members", "lock"},
    "resolver": {
        "errors", "names", "markers", "settings", "versions", "sources", "artifacts", "requirements", "manifests",
        "metadata", "members",
    },
    "relock": {
        "names", "markers", "versions", "sources", "artifacts", "requirements", "manifests", "members", "lock",
        "resolver",
    },
}  # fmt: skip
"""Folder of core -> folders of core it may import, beside itself; each knows only those above it, so reading a lock
needs no resolver."""

APART = {"workspace.fresh": {"build", "install"}}
"""Folder -> rooms that it alone of its room may import: stamps look at what was built and installed."""

VERBS = {
    "envs": set(),
    "locking": {"envs"},
    "syncing": {"envs", "locking"},
    "showing": {"envs", "locking"},
    "imports": {"showing"},
    "auditing": {"locking", "showing"},
    "caching": {"locking", "syncing"},
    "running": {"envs", "syncing"},
    "editing": {"locking", "syncing"},
    "importing": {"locking", "editing"},
    "building": set(),
    "publishing": {"building"},
}
"""Folder of verbs -> folders of verbs it may import, beside itself; each knows only those above it."""

SHARED_BY_VERBS = {"stamps", "tools"}

IMPURE = {"anyio", "asyncio", "io", "os", "random", "shutil", "socket", "subprocess", "tempfile", "threading", "time"}
"""What core may not touch."""

DEFERRED = {
    "interlock.cli.commands.check": "reads sources only where it is asked to",
    "interlock.__main__": "answers Ctrl-C while everything else is being loaded",
    "interlock.cli.render": "spells out control characters only where there are some",
    "interlock.index.html_page": "reads HTML only where an index speaks nothing else",
    "interlock.workspace.discovery": "compares addresses of indexes only where members declare some",
    "interlock.workspace.required_version": "compares versions only for a workspace that asks for one",
    "interlock.toolchain.keyring": "loads a library that need not be there",
    "interlock.workspace.manifest_cache": "parses only what has changed; a command with nothing to do needs no parser",
    "interlock.envs.interpreters": "works out tags only for an interpreter that cannot itself",
    "interlock.store.locks": "waits in an event loop only for a lock that is not free",
    "interlock.store.mapped_files": "asks for a limit that Windows has not",
    "interlock.ops.building.member": "makes files only of what has changed",
    "interlock.ops.locking.locked_workspace": "makes a lock only where there is no fresh one",
    "interlock.ops.locking.lock": "makes a lock only where there is no fresh one, and merges one with conflict markers",
    "interlock.ops.locking.make_lock": "loads solvers and indexes only when something has to be resolved",
    "interlock.ops.showing.outdated": "knows of a service only where there is one",
    "interlock.ops.syncing.packs_meanwhile": "knows of a service only where there is one",
    "interlock.ops.running.env_file": "loads a parser only where a file is named",
    "interlock.toolchain.environment": "parses what a package manager says only where it is to be told",
    "interlock.resolution.freshness": "updates a lock that is not fresh",
    "interlock.resolution.reading": "reads trees again for a lock that has some",
    "interlock.resolution.trees": "parses manifests of trees where a lock has some",
    "interlock.resolution.stale_pins": "looks up lines only where a pin is stale",
    "interlock.toolchain.shared": "loads clients of caches for those who share",
    "interlock.toolchain.toolchain": "loads each tool when it is first asked for",
    "interlock.ops.tools": "loads what makes build environments when something is built",
    "interlock.resolution.built_metadata": "loads archives for builds",
    "interlock.resolution.answer": "loads explanations for failures",
    "interlock.resolution.memo": "loads the solver where nothing is remembered",
    "interlock.resolution.direct": "loads repositories and archives for those who have such sources",
    "interlock.resolution.external_indexes": "loads repositories for those who have such sources",
    "interlock.core.requirements.parse": "loads a grammar for what is not plain",
}
"""Modules that may import inside a function, and why."""

LAST_DEFENCES = {"interlock.cli.main", "interlock.service.server.answering"}
"""Where every failure becomes an answer: of a command, and of one request among others."""

OF_EXTRAS = {"granian", "prometheus_client", "python_multipart", "starlette"}
"""Libraries that need not be there."""

BANNED = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}
MOST_UNREACHED = 42
"""Branches of core that no test of its own reaches, each with its reason."""

MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS, MAX_METHODS = 400, 50, 6, 20

MANY_PARAMETERS = {
    "interlock.build.frontend.__init__": "what the builds of one interpreter share, settled once",
    "interlock.core.resolver.shared.__init__": "all that the forks of a resolution share, handed over once",
}
"""Functions that take more, and why."""

MANY_METHODS = {
    "interlock.build.frontend.Builder": "one for each hook of PEP 517 and PEP 660, with what it needs before and after",
    "interlock.core.resolver.candidates.Candidates": "one for each rule about which versions and files may be chosen",
    "interlock.core.resolver.report._Report": "one for each sentence of an explanation",
    "interlock.core.resolver.solver.Solver": "one for each paragraph of the algorithm, on one state",
    "interlock.core.toml.document.TomlDocument": "one for each way in which a table can be written",
}
"""Classes that have more, and why."""

HOME = str(Path.home())

EVERY = [pytest.param(module, id=module.name) for module in modules().values()]


def test_rooms_are_known() -> None:
    assert {room_of(name) for name in modules()} <= set(EDGES)


def test_imports_go_downward() -> None:
    wrong = []
    for module in modules().values():
        room = room_of(module.name)
        for found in module.imports():
            if found.target.split(".")[0] != "interlock":
                continue
            target = room_of(found.target)
            if target != room and target not in EDGES[room]:
                wrong.append(f"{module.shown}:{found.line} imports {found.target}: {room} may not know {target}")
    assert not wrong, "\n".join(wrong)


def test_folders_of_core_know_only_those_above_them() -> None:
    listed = list(FOLDERS)
    assert all(known - {"errors"} <= set(listed[:place]) for place, known in enumerate(FOLDERS.values()))
    wrong = []
    for module in modules().values():
        if room_of(module.name) != "core" or module.name == "interlock.core":
            continue
        folder = module.name.split(".")[2]
        for found in module.imports():
            if found.target.split(".")[0] != "interlock":
                continue
            target = found.target.removeprefix("interlock.").removeprefix("core.").split(".")[0]
            if target != folder and target not in FOLDERS[folder]:
                wrong.append(f"{module.shown}:{found.line} imports {found.target}: {folder} may not know {target}")
    assert not wrong, "\n".join(wrong)


def test_folders_of_verbs_know_only_those_above_them() -> None:
    listed = list(VERBS)
    assert all(known <= set(listed[:place]) for place, known in enumerate(VERBS.values()))
    inside = [module for module in modules().values() if module.name.startswith("interlock.ops.")]
    assert {module.name.split(".")[2] for module in inside} == {*VERBS, *SHARED_BY_VERBS}
    wrong = []
    for module in inside:
        folder = module.name.split(".")[2]
        for found in module.imports():
            if not found.target.startswith("interlock.ops."):
                continue
            target = found.target.split(".")[2]
            if target not in {folder, *SHARED_BY_VERBS, *VERBS.get(folder, ())}:
                wrong.append(f"{module.shown}:{found.line} imports {found.target}: {folder} may not know {target}")
    assert not wrong, "\n".join(wrong)


def test_what_no_test_of_core_reaches_says_why() -> None:
    marks = re.compile(r"# pragma: no (?:cover|branch)(.*)")
    said = {
        f"{module.shown}: {found[0]}": found[1]
        for module in modules().values()
        if room_of(module.name) == "core"
        for found in marks.finditer(module.text)
    }
    assert not [text for text, why in said.items() if not re.fullmatch(r" - \w.{9,}", why)]
    assert len(said) <= MOST_UNREACHED


def test_what_only_one_folder_of_a_room_may_know() -> None:
    wrong = [
        f"{module.shown}:{found.line} imports {found.target}"
        for folder, known in APART.items()
        for module in modules().values()
        if room_of(module.name) == folder.partition(".")[0] and not module.name.startswith(f"interlock.{folder}.")
        for found in module.imports()
        if room_of(found.target) in known
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_do_not_import_each_other_in_circles() -> None:
    edges: dict[str, set[str]] = defaultdict(set)
    for module in modules().values():
        for found in module.imports():
            if found.target in modules() and found.target != module.name and not found.typing_only:
                edges[module.name].add(found.target)
    done: set[str] = set()
    for start in sorted(edges):
        circle = _circle(start, edges, done, [])
        assert not circle, " -> ".join(circle)


def test_folders_do_not_import_each_other_in_circles() -> None:
    """A module belongs to its folder, and the folders on both sides know of each other through one side alone."""
    edges: dict[str, set[str]] = defaultdict(set)
    for module in modules().values():
        for found in module.imports():
            target = modules().get(found.target)
            # The program itself is beside the rooms, and starts the surface.
            if target is None or found.typing_only or "interlock" in {_folder(module), _folder(target)}:
                continue
            if _folder(target) != _folder(module) and not _is_around(_folder(target), _folder(module)):
                edges[_folder(module)].add(_folder(target))
    done: set[str] = set()
    for start in sorted(edges):
        circle = _circle(start, edges, done, [])
        assert not circle, " -> ".join(circle)


def _folder(module: Module) -> str:
    return module.name if module.is_package else module.name.rpartition(".")[0]


def _is_around(outer: str, inner: str) -> bool:
    return inner.startswith(f"{outer}.")


def _circle(name: str, edges: dict[str, set[str]], done: set[str], path: list[str]) -> list[str]:
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done:
        return []
    for target in sorted(edges.get(name, ())):
        if circle := _circle(target, edges, done, [*path, name]):
            return circle
    done.add(name)
    return []


def test_imports_are_at_the_top() -> None:
    wrong = [
        f"{module.shown}:{found.line} imports {found.target} inside a function"
        for module in modules().values()
        if module.name not in DEFERRED and not runs_elsewhere(module.text)
        for found in module.imports()
        if found.deferred
    ]
    assert not wrong, "\n".join(wrong)


def test_programs_for_other_interpreters_stand_alone() -> None:
    wrong = [
        f"{module.shown}:{found.line} imports {found.target}"
        for module in modules().values()
        if runs_elsewhere(module.text)
        for found in module.imports()
        if found.target.split(".")[0] not in sys.stdlib_module_names
    ]
    assert not wrong, "\n".join(wrong)


def test_core_is_pure() -> None:
    wrong = [
        f"{module.shown}:{found.line} imports {found.target}"
        for module in modules().values()
        if room_of(module.name) == "core"
        for found in module.imports()
        if found.target.split(".")[0] in IMPURE
    ]
    assert not wrong, "\n".join(wrong)


def test_no_exception_is_caught_blindly() -> None:
    wrong = [
        f"{module.shown}:{node.lineno}"
        for module in modules().values()
        if module.name not in LAST_DEFENCES and not runs_elsewhere(module.text)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception")
    ]
    assert not wrong, "\n".join(wrong)


def test_files_functions_and_signatures_stay_small() -> None:
    wrong = []
    for module in modules().values():
        if (lines := module.text.count("\n")) > MAX_FILE:
            wrong.append(f"{module.shown} has {lines} lines")
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            count = _parameters(node)
            if length > MAX_FUNCTION:
                wrong.append(f"{module.shown}:{node.lineno} {node.name} has {length} lines")
            if count > MAX_PARAMETERS and f"{module.name}.{node.name}" not in MANY_PARAMETERS:
                wrong.append(f"{module.shown}:{node.lineno} {node.name} takes {count} parameters")
    assert not wrong, "\n".join(wrong)


def test_no_class_does_everything() -> None:
    counts = {
        f"{module.name}.{node.name}": sum(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) for one in node.body)
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    assert {name: count for name, count in counts.items() if count > MAX_METHODS} == {
        name: counts.get(name) for name in MANY_METHODS
    }


def test_tools_are_opened_in_one_place() -> None:
    """Who opens them holds the store, knows how build environments are made, and closes what was opened."""
    wrong = [
        f"{module.shown}:{node.lineno} opens tools"
        for module in modules().values()
        if module.name != "interlock.ops.tools"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Tools"
    ]
    assert not wrong, "\n".join(wrong)


def test_exceptions_are_needed() -> None:
    """A reason that is left over would excuse whatever comes there next."""
    many = {
        f"{module.name}.{node.name}"
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _parameters(node) > MAX_PARAMETERS
    }
    assert set(MANY_PARAMETERS) == many
    assert set(DEFERRED) == {
        module.name
        for module in modules().values()
        if not runs_elsewhere(module.text) and any(found.deferred for found in module.imports())
    }
    assert set(modules()) >= LAST_DEFENCES


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len(arguments) - (bool(arguments) and arguments[0].arg in {"self", "cls"})


def test_no_attics() -> None:
    wrong = [module.shown for module in modules().values() if BANNED & set(module.name.strip("_").split("."))]
    assert not wrong


def test_error_codes_are_unique_and_kebab_case() -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    families = error_classes()
    for module in modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and (families & bases(node) or node.name == "InterlockError"):
                code = assigned_code(node)
                assert code is not None or module.name == "interlock.errors", f"{module.shown}: {node.name} has no code"
                if code is not None:
                    owners[code].append(f"{module.name}.{node.name}")
    assert len(owners) > 5
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code) for code in owners)
    assert not {code: names for code, names in owners.items() if len(names) > 1}


@pytest.mark.parametrize("module", EVERY)
def test_all_lists_what_there_is(module: Module) -> None:
    declares = any(
        isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node).partition("=")[0]
        for node in module.tree.body
    )
    if not module.tree.body or module.name.endswith("__main__") or runs_elsewhere(module.text):
        pytest.skip("empty, or a program")
    if module.is_package and not declares and len(module.tree.body) == 1:
        return
    assert declares, f"{module.shown} has no __all__"
    try:
        loaded = importlib.import_module(module.name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in OF_EXTRAS:
            raise
        pytest.skip(f"needs {missing.name}, which an extra brings")
    assert sorted(set(loaded.__all__)) == sorted(loaded.__all__)
    assert not [name for name in loaded.__all__ if not hasattr(loaded, name)]


@pytest.mark.parametrize("module", EVERY)
def test_modules_say_what_they_own(module: Module) -> None:
    assert not module.tree.body or ast.get_docstring(module.tree), f"{module.shown} has no docstring"


def _tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_registry_is_named() -> None:
    # Written in pieces, so that this file passes its own test.
    hosts = [("py" + "pi", "org"), ("python" + "hosted", "org"), ("np" + "mjs", "(?:org|com)"), ("deb" + "ian", "org")]
    pattern = re.compile("|".join(rf"{name}\.{top}" for name, top in hosts).encode(), re.IGNORECASE)
    assert not [str(path.relative_to(ROOT)) for path in _tracked() if pattern.search(path.read_bytes())]


def test_no_path_of_a_machine_is_written_down() -> None:
    # The machine's own places, and those a checkout in a container has; /home/ann and the like are examples.
    here = {str(ROOT), HOME, "/ro" + "ot", "/wo" + "rk"} - {"", "/"}
    pattern = re.compile(rf"(?<![\w.>)}}/])(?:{'|'.join(map(re.escape, sorted(here)))})/".encode())
    assert not [str(path.relative_to(ROOT)) for path in _tracked() if pattern.search(path.read_bytes())]
