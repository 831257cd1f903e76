from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from interlock.store.layout import Bucket, Layout
from interlock.workspace.discovery import discover
from interlock.workspace.members import Workspace
from tests.trees import project, write

ROOT = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(
        tmp_path / "ws",
        root=ROOT + "[dependency-groups]\ndev = [{include-group = 'x'}]\nx = ['mypy']\n",
        packages__a=project("a", 'dependencies = ["b>=1"]', "[tool.uv.sources]", "b = { workspace = true }"),
        packages__b=project("b"),
    )


def same(one: Workspace, other: Workspace) -> bool:
    return one == other and one.inputs() == other.inputs()


def test_a_warm_discovery_equals_a_cold_one(root: Path, layout: Layout) -> None:
    cold = discover(root)
    assert same(cold, discover(root, layout=layout))
    assert same(cold, discover(root, layout=layout))


def test_a_warm_discovery_parses_nothing(root: Path, layout: Layout) -> None:
    discover(root, layout=layout)
    code = (
        "import sys; from pathlib import Path; from interlock.store.layout import Bucket, Layout;"
        "from interlock.workspace.discovery import discover;"
        "w = discover(Path(sys.argv[1]), layout=Layout(Path(sys.argv[2]))); w.inputs();"
        "print([m.name for m in w.members], [n for n in ('tomllib', 'packaging', 'httpx') if n in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(root / "packages" / "a"), str(layout.root)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "['a', 'b'] []"


def test_a_changed_manifest_is_parsed_again(root: Path, layout: Layout) -> None:
    before = discover(root, layout=layout)
    write(root, packages__b=project("b", 'dependencies = ["c"]'))
    after = discover(root, layout=layout)
    assert len(after.members[1].manifest.dependencies) == 1
    assert before.inputs()[1] == after.inputs()[1]
    assert before.inputs()[2] != after.inputs()[2]
    assert same(after, discover(root))


def test_a_damaged_cache_costs_time_only(root: Path, layout: Layout) -> None:
    cold = discover(root, layout=layout)
    (entry,) = layout.bucket(Bucket.WORKSPACES).glob("*/manifests")
    whole = entry.read_bytes()
    for damage in (b"", b"\xc1nonsense", whole[:-9], b"\x92\xa1x\x80"):
        entry.write_bytes(damage)
        assert same(cold, discover(root, layout=layout))
        assert entry.read_bytes() == whole


def test_an_unchanged_workspace_writes_nothing(root: Path, layout: Layout) -> None:
    discover(root, layout=layout)
    (entry,) = layout.bucket(Bucket.WORKSPACES).glob("*/manifests")
    before = entry.stat()
    discover(root, layout=layout)
    assert (entry.stat().st_mtime_ns, entry.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    (root / "packages/b/pyproject.toml").unlink()
    discover(root, layout=layout)
    assert entry.stat().st_ino != before.st_ino
