"""The frontend over backends that behave: what is built, what is asked, what is remembered."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
from pathlib import Path

import anyio
import msgspec
import pytest

from interlock.build.environment import BuildEnvironment
from interlock.build.failures import BuildCycle, HookMissing, InvalidBuildResult
from interlock.build.frontend import Builder
from interlock.build.options import BuildLimits, BuildOptions
from interlock.build.results import BuildResult
from interlock.build.sdist import read_pkg_info
from interlock.core.metadata.metadata import Metadata
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.events import Advanced
from interlock.store.blobs import DirectoryBlobs, SecondLevel
from interlock.store.layout import Layout
from tests.build.conftest import PREPARE, BareProvision, MakeBuilder, MakeTree, Recorder, source
from tests.wheels import make_wheel


async def test_static_metadata_asks_no_backend(make_builder: MakeBuilder, tmp_path: Path) -> None:
    tree = tmp_path / "static"
    tree.mkdir()
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["nothing-like-this"]\nbuild-backend = "nothing"\n'
        '[project]\nname = "Static"\nversion = "1.0"\ndependencies = ["idna"]\n'
    )
    async with make_builder() as builder:
        metadata = await builder.metadata(source(tree))
    assert (metadata.name, metadata.version, metadata.requires) == ("static", "1.0", (parse_requirement("idna"),))
    assert builder.calls == 0


@pytest.mark.parametrize("fork", [True, False])
async def test_metadata_is_prepared_by_the_backend(make_builder: MakeBuilder, make_tree: MakeTree, fork: bool) -> None:
    recorder = Recorder()
    async with make_builder(fork=fork, reporter=recorder) as builder:
        metadata = await builder.metadata(source(make_tree(), "demo", "1.0"))
    assert (metadata.name, metadata.version) == ("demo", "1.0")
    assert metadata.requires == (parse_requirement("idna>=3"),)
    assert recorder.events == [Advanced("metadata", "demo 1.0", done=False), Advanced("metadata", "demo 1.0")]


async def test_metadata_of_a_backend_without_prepare_comes_from_its_wheel(
    make_builder: MakeBuilder, make_tree: MakeTree
) -> None:
    async with make_builder() as builder:
        metadata = await builder.metadata(source(make_tree(more="")))
    assert metadata.requires == (parse_requirement("idna>=3"),)


async def test_equal_inputs_are_built_once(make_builder: MakeBuilder, make_tree: MakeTree, layout: Layout) -> None:
    tree = make_tree(data__txt="one")
    async with make_builder() as builder:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(builder.metadata, source(tree))
        first = await builder.wheel(source(tree))
        assert builder.calls == 4  # get_requires and the hook itself, for metadata and for the wheel
    for entry in tree.rglob("*"):
        os.utime(entry, (1, 1))
    async with make_builder() as builder:
        await builder.metadata(source(tree))
        assert await builder.wheel(source(tree)) == first
        assert builder.calls == 0
        (tree / "data.txt").write_text("two")
        second = await builder.wheel(source(tree))
        assert builder.calls == 2
    assert second != first
    with zipfile.ZipFile(second) as archive:
        assert archive.read("content.txt") == b"two"


async def test_another_machine_takes_what_was_built_of_the_same_inputs(
    make_builder: MakeBuilder, make_tree: MakeTree, tmp_path: Path
) -> None:
    tree = make_tree(data__txt="one")
    one, two, three = (Layout(tmp_path / name) for name in ("one", "two", "three"))
    blobs = DirectoryBlobs(tmp_path / "blobs")
    async with make_builder(store=one, second=SecondLevel(blobs, one)) as builder:
        metadata = await builder.metadata(source(tree))
        built = (await builder.wheel(source(tree))).read_bytes()
        await builder.editable(source(tree))
        calls = builder.calls
    async with make_builder(store=two, second=SecondLevel(blobs, two)) as builder:
        assert await builder.metadata(source(tree)) == metadata
        assert (await builder.wheel(source(tree))).read_bytes() == built
        assert builder.calls == 0
        await builder.editable(source(tree))
        assert builder.calls > 0, "an editable wheel is of one machine"
    for path in (tmp_path / "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    async with make_builder(store=three, second=SecondLevel(blobs, three)) as builder:
        assert await builder.metadata(source(tree)) == metadata
        await builder.wheel(source(tree))
        await builder.editable(source(tree))
        assert builder.calls == calls, "what is broken is built"


async def test_a_tree_that_changes_while_it_is_built_is_not_taken_for_what_it_was(
    make_builder: MakeBuilder, make_tree: MakeTree
) -> None:
    edited = "\nopen('data.txt', 'w').write('edited')\n"
    tree = make_tree(more=PREPARE + edited, data__txt="one")
    async with make_builder() as builder:
        first = await builder.wheel(source(tree))
        (tree / "data.txt").write_text("one")
        assert await builder.wheel(source(tree)) == first, "equal files are one entry"
        assert builder.calls == 4, "nothing is known of the tree with `one`"
        await builder.wheel(source(tree))
        await builder.wheel(source(tree))
        assert builder.calls == 6, "the tree as the backend leaves it is built once"


async def test_a_copied_tree_is_not_built_again(make_builder: MakeBuilder, make_tree: MakeTree, tmp_path: Path) -> None:
    tree = make_tree()
    async with make_builder() as builder:
        first = await builder.wheel(source(tree))
        editable = await builder.editable(source(tree))
        calls = builder.calls
        copy = shutil.copytree(tree, tmp_path / "copy", copy_function=shutil.copyfile)
        assert await builder.wheel(source(copy)) == first
        assert builder.calls == calls
        assert await builder.editable(source(copy)) != editable  # it holds the tree's path


async def test_the_result_can_be_put_elsewhere(make_builder: MakeBuilder, make_tree: MakeTree, tmp_path: Path) -> None:
    out = tmp_path / "dist"
    async with make_builder() as builder:
        wheel = await builder.wheel(source(make_tree()), out=out)
        sdist = await builder.sdist(source(make_tree()), out=out)
    assert sorted(path.name for path in out.iterdir()) == ["demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"]
    assert (wheel.parent, sdist.parent) == (out, out)
    assert b"Name: demo" in (read_pkg_info(sdist) or b"")


async def test_config_settings_and_variables_reach_the_backend_and_the_digest(
    make_builder: MakeBuilder, make_tree: MakeTree
) -> None:
    tree = make_tree(
        more="\nVERSION = os.environ.get('DEMO', '1.0')\n_old = build_wheel\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    global VERSION\n    VERSION += '+' + config_settings['local']\n    return _wheel(folder)\n"
    )
    demo = normalize_name("demo")
    (tree / "pyproject.toml").write_text(
        (tree / "pyproject.toml").read_text() + '[project]\nname = "demo"\ndynamic = ["version"]\n'
    )
    options = BuildOptions(config_settings={"local": "a"}, variables={demo: {"DEMO": "3.0"}})
    async with make_builder(options=options) as builder:
        one = await builder.wheel(source(tree))
        other = await builder.wheel(source(tree), config_settings={"local": "b"})
    assert one.name.startswith("demo-3.0+a")
    assert other.name.startswith("demo-3.0+b")


async def test_requirements_of_hooks_are_provisioned_with_those_of_the_build_system(
    make_builder: MakeBuilder, make_tree: MakeTree, provision: BareProvision
) -> None:
    tree = make_tree(more=PREPARE + "\ndef get_requires_for_build_wheel(c=None):\n    return ['wheel']\n")
    options = BuildOptions(extra_requires={normalize_name("demo"): ("numpy",)})
    (tree / "pyproject.toml").write_text(
        (tree / "pyproject.toml").read_text() + '[project]\nname = "demo"\ndynamic = ["version"]\n'
    )
    async with make_builder(options=options) as builder:
        await builder.metadata(source(tree))
    assert provision.asked == [("numpy",), ("numpy", "wheel")]


async def test_name_and_version_must_be_as_expected(make_builder: MakeBuilder, make_tree: MakeTree) -> None:
    tree = make_tree()
    async with make_builder() as builder:
        with pytest.raises(InvalidBuildResult, match="should be of other, and is of demo"):
            await builder.metadata(source(tree, "other"))
        with pytest.raises(InvalidBuildResult, match=r"should be version 2\.0 of demo, and is 1\.0"):
            await builder.wheel(source(tree, "demo", "2.0"))
        with pytest.raises(InvalidBuildResult, match=r"should be version 1\.0 of labelled, and is 1\.0\+here"):
            await builder.wheel(source(make_tree("labelled", "1.0+here"), "labelled", "1.0"))
        assert (await builder.metadata(source(tree, "demo", "1"))).version == "1.0"


async def test_a_missing_editable_hook_is_named(make_builder: MakeBuilder, make_tree: MakeTree) -> None:
    async with make_builder() as builder:
        with pytest.raises(HookMissing, match="backend of demo has no build_editable"):
            await builder.editable(source(make_tree(more="")))


async def test_isolation_hides_the_callers_packages(make_builder: MakeBuilder, make_tree: MakeTree) -> None:
    tree = make_tree(
        more="\nVERSION = '1.0' if not any(name.startswith('PYTHONPATH') for name in os.environ) "
        "and not any('leak' in entry for entry in sys.path) else '9'\n"
        "if os.getcwd() in [os.path.realpath(p) for p in sys.path[1:]] or '' in sys.path: VERSION = '8'\n"
    )
    async with make_builder(environ={**os.environ, "PYTHONPATH": "/leak", "VIRTUAL_ENV": "/leak"}) as builder:
        wheel = await builder.wheel(source(tree))
    assert wheel.name == "demo-1.0-py3-none-any.whl"


async def test_builds_that_need_each_other_are_a_cycle(layout: Layout, make_tree: MakeTree) -> None:
    """Two builds, begun at once, each of which needs the other's wheel: an error, not a wait for ever."""
    trees = {name: make_tree(name) for name in ("one", "two")}
    for name, tree in trees.items():
        text = (tree / "pyproject.toml").read_text()
        (tree / "pyproject.toml").write_text(text.replace("[]", f'["{"two" if name == "one" else "one"}"]'))
    builder: Builder

    class Building(BareProvision):
        async def __call__(self, requirements: tuple[str, ...], /, *, purpose: str) -> BuildEnvironment:
            for name in requirements:
                await builder.wheel(source(trees[name], name))
            return BuildEnvironment(python=sys.executable)

    builder = Builder(layout, provision=Building(), environ=os.environ, limits=BuildLimits(timeout=10))
    failures: list[str] = []

    async def build(name: str) -> None:
        try:
            await builder.wheel(source(trees[name], name))
        except BuildCycle as error:
            failures.append(error.message)

    with anyio.fail_after(10):
        async with builder, anyio.create_task_group() as group:
            group.start_soon(build, "one")
            group.start_soon(build, "two")
    assert failures
    assert all("needs" in message and "build itself" in message for message in failures)


class Foreign:
    """Blobs of somebody who may write, and gives something else under the right digests."""

    def __init__(self, result: BuildResult, content: bytes) -> None:
        self.value = msgspec.msgpack.encode(result)
        self.content = content

    async def get(self, bucket: str, key: str) -> bytes | None:
        return hashlib.sha256(self.value).hexdigest().encode() + self.value

    async def fetch(self, bucket: str, key: str, destination: Path) -> bool:
        await anyio.Path(destination).write_bytes(self.content)
        return True

    async def put(self, bucket: str, key: str, content: bytes | Path) -> bool:
        return False

    async def drop(self, bucket: str, key: str) -> None:
        """Nothing to drop."""


def _claimed(filename: str, content: bytes, metadata: Metadata | None) -> Foreign:
    sha256 = hashlib.sha256(content).hexdigest() if filename else ""
    return Foreign(BuildResult(filename=filename, metadata=metadata, sha256=sha256), content)


async def test_what_others_say_they_built_has_to_be_what_would_have_been_built(
    make_builder: MakeBuilder, make_tree: MakeTree, tmp_path: Path
) -> None:
    wanted = msgspec.structs.replace(source(make_tree()), name=NormalizedName("demo"), version="1.0")
    async with make_builder(store=Layout(tmp_path / "right")) as builder:
        metadata, wheel = await builder.metadata(wanted), await builder.wheel(wanted)
        sdist, calls = await builder.sdist(wanted), builder.calls
    another = make_wheel("another", "1.0")
    newer = make_wheel(metadata.name, "99.0")
    more = make_wheel(metadata.name, metadata.version, requires=["evil"])
    claims = [
        _claimed("", b"", None),
        _claimed("", b"", msgspec.structs.replace(metadata, name=NormalizedName("another"))),
        _claimed(wheel.name, wheel.read_bytes(), None),
        _claimed(wheel.name, another.data, metadata),
        _claimed(another.filename, another.data, metadata),
        _claimed(newer.filename, newer.data, metadata),
        _claimed(more.filename, more.data, metadata),
        _claimed(wheel.name, b"no archive", metadata),
        _claimed(sdist.name, b"no archive", None),
        _claimed(f"../{wheel.name}", wheel.read_bytes(), metadata),
    ]
    for number, claim in enumerate(claims):
        layout = Layout(tmp_path / str(number))
        async with make_builder(store=layout, second=SecondLevel(claim, layout)) as builder:
            with zipfile.ZipFile(await builder.wheel(wanted)) as archive:
                assert b"evil" not in archive.read("demo-1.0.dist-info/METADATA")
            assert await builder.metadata(wanted) == metadata
            assert (await builder.sdist(wanted)).name == sdist.name
            assert builder.calls == calls, number
