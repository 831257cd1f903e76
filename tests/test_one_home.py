"""One meaning has one home, and tests show it with real parts."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture import ROOT, bases, error_classes, modules, room_of, runs_elsewhere

SURFACE = {"cli", "__main__"}

NAMED_ELSEWHERE = {
    "interlock.build.server": "opens what another process writes to",
    "interlock.install.stage": "the caller names the file",
    "interlock.ops.building.trial": "opens what another process writes to",
    "interlock.signals": "writes to the terminal",
    "interlock.store.archives": "the caller names the file, which costs nothing while all is well",
    "interlock.store.locks": "a lock does not fail for what it tells others",
    "interlock.store.stream": "writes to pipes",
}
"""Modules that may write without ``store.space.named``, and why."""

MACHINE = {"os.getcwd", "Path.cwd", "Path.home", "os.path.expanduser", "os.getuid", "os.geteuid", "tempfile.gettempdir"}
"""The machine's own state: who runs this, where, and where things are put."""

OF_THE_MACHINE = {
    "interlock.cli.places": "where caches and settings are, for those who do not say",
    "interlock.cli.quick": "answers before anything else is loaded",
    "interlock.cli.surroundings": "gathers what a command starts with",
    "interlock.envs.discovery": "looks where others install interpreters",
    "interlock.store.locks": "tells whether a process that holds a lock is one of ours",
    "interlock.workspace.guards": "guards a workspace that may not be written to, in a place that is nobody else's",
    "interlock.workspace.home": "reads a home directory that a settings file may be in",
}
"""Modules that may read it, and why."""

MAX_TEST_FILE = 500


def test_only_the_surface_prints_and_reads_the_environment() -> None:
    wrong = []
    for module in modules().values():
        if room_of(module.name) in SURFACE or runs_elsewhere(module.text):
            continue
        for node in ast.walk(module.tree):
            shown = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
            if shown in {"os.environ", "os.getenv", "sys.argv", "time.time", "datetime.now"} or (
                isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
            ):
                wrong.append(f"{module.shown}:{getattr(node, 'lineno', 0)} uses {shown or 'print'}")
    assert not wrong, "\n".join(wrong)


def test_urls_are_taken_apart_in_one_place() -> None:
    """Two readers that disagree about a host are how credentials reach the wrong one."""
    readers = re.compile(r"\b(urlsplit|urlparse|urldefrag|parse_url|httpx\.URL)\b")
    wrong = [
        module.shown
        for module in modules().values()
        if readers.search(module.text) and not module.name.endswith("core.sources.addresses")
    ]
    assert not wrong, "\n".join(wrong)


def test_files_of_tests_stay_small_and_are_named_after_what_they_show() -> None:
    wrong = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        shown = path.relative_to(ROOT).as_posix()
        if (lines := text.count("\n")) > MAX_TEST_FILE:
            wrong.append(f"{shown} has {lines} lines")
        wrong += [f"{shown}: {name}" for name in re.findall(r"def (test_(?:rows_of|case|issue|bug)_\w*)", text)]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_patched() -> None:
    """What a test needs to be otherwise is handed in as a value, a server, a file or a variable."""
    patches = re.compile(r"\b(monkeypatch\.(setattr|setitem|delattr)|mock\.patch|unittest\.mock|MagicMock)\b")
    wrong = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__) and patches.search(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_machines_own_state_is_read_at_the_edge() -> None:
    wrong = [
        f"{module.shown}:{node.lineno} uses {ast.unparse(node)}"
        for module in modules().values()
        if module.name not in OF_THE_MACHINE and not runs_elsewhere(module.text)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in MACHINE
    ]
    assert not wrong, "\n".join(wrong)


def test_one_meaning_has_one_home() -> None:
    """A second definition of these would be a second opinion."""
    homes = {
        "is_same_version": "interlock.core.versions.version_list",
        "first_reason": "interlock.errors",
        "read_entry": "interlock.store.zip_records",
        "top_file": "interlock.store.top_files",
        "Bucket": "interlock.store.layout",
    }
    found = [
        (node.name.strip("_"), module.name)
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.strip("_") in {*homes, "same_version"}
    ]
    assert sorted(found) == sorted(homes.items())


def test_records_of_zip_archives_are_read_in_one_place() -> None:
    """Two readers that disagree about where a file begins are how one is checked and another unpacked."""
    signatures = re.compile(r"PK\\x0[15]\\x0[26]|<4s4H2LH|<4s\dQ2H")
    wrong = [
        module.shown
        for module in modules().values()
        if module.name != "interlock.store.zip_records" and signatures.search(module.text)
    ]
    assert not wrong


def test_folders_of_the_store_are_named_in_one_place() -> None:
    named = re.compile(r"""["'][a-z]+(-[a-z]+)*-v\d+["']""")
    wrong = [
        module.shown
        for module in modules().values()
        if module.name != "interlock.store.layout" and named.search(module.text)
    ]
    assert not wrong


def test_all_that_is_asked_for_is_gone_over_in_one_way() -> None:
    """``every`` of manifests, of what members ask and of what a lock holds: a table added later is in all of them."""
    by_hand = re.compile(r"\.dependencies, \*\w+(\.\w+)*\.extras\.values\(\)")
    owners = {"interlock.core.lock.model", "interlock.core.manifests.manifest", "interlock.core.members.asks"}
    wrong = [module.shown for module in modules().values() if module.name not in owners and by_hand.search(module.text)]
    assert not wrong


def test_errors_are_called_differently() -> None:
    families = error_classes()
    names = [
        node.name
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and families & bases(node)
    ]
    assert sorted(set(names)) == sorted(names)


def test_files_are_replaced_in_one_place() -> None:
    """Links, modes, devices and what a kill leaves behind are thought of there and nowhere else."""
    wrong = []
    for module in modules().values():
        if module.name in {"interlock.store.replace", "interlock.install.swap"}:
            continue
        for node in ast.walk(module.tree):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace"
            ):
                continue
            # `Path.replace(target)`; that of a text takes two, those of values keywords.
            if ast.unparse(node.func) == "os.replace" or (len(node.args) == 1 and not node.keywords):
                wrong.append(f"{module.shown}:{node.lineno} replaces a file")
    assert not wrong, "\n".join(wrong)


def test_whoever_writes_names_the_file_of_an_error() -> None:
    """The system does not when a disk is full, and then nobody knows which one."""
    wrong = []
    for module in modules().values():
        if room_of(module.name) in SURFACE or module.name in NAMED_ELSEWHERE or runs_elsewhere(module.text):
            continue
        inside = {
            id(part)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.With) and any("named(" in ast.unparse(item) for item in node.items)
            for part in ast.walk(node)
        }
        wrong += [
            f"{module.shown}:{node.lineno} writes a file"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and id(node) not in inside and _writes(node)
        ]
    assert not wrong, "\n".join(wrong)


def _writes(call: ast.Call) -> bool:
    """Whether a call writes to a file, or opens one to be written to."""
    name = ast.unparse(call.func)
    if name.endswith((".write_bytes", ".write_text", "os.write")):
        return True
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    return name.rpartition(".")[2] in {"open", "fdopen", "ZipFile", "GzipFile"} and any(
        isinstance(mode, str) and re.fullmatch(r"[rwxab+]*[wxa+][rwxab+]*", mode) for mode in modes
    )


def test_exceptions_are_of_modules_that_there_are() -> None:
    assert set(NAMED_ELSEWHERE) | set(OF_THE_MACHINE) <= set(modules())
