"""Exports, read back by packaging and by pip."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker, default_environment
from packaging.pylock import Pylock, is_valid_pylock_path
from packaging.tags import Tag

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.conflicts import ConflictingSelection
from interlock.core.lock.export_pylock import NotExportable, PylockOptions, everything, export_pylock, pylock_name
from interlock.core.lock.export_requirements import RequirementsOptions, export_requirements
from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.lock.reach import Offer
from interlock.core.members.selection import Selection
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.sources.source import Directory, File, Git, Url
from tests.core.lock.locks import LINUX, WINDOWS, chosen, edge, item, lock_of, member, package, wheel
from tests.wheels import make_wheel

TAGS = [Tag("py3", "none", "any")]
HASH = "a1" * 32
SHARED = lock_of(
    member("app", "lib", "a", edge("b", "sys_platform == 'win32'"), extras={"x": ["c"]}, groups={"dev": ["d"]}),
    member("lib", "a[more]"),
    package("a", "1.0", edge("b", "platform_machine == 'AMD64'"), extras={"more": ["e"]}, requires_python=">=3.8,<4"),
    package("b", "2.0", artifacts=(wheel("b", "2.0"), Artifact(filename="b-2.0.tar.gz", sha256=HASH))),
    package("c"),
    package("d"),
    package("e"),
)


def locate(index: str, artifact: Artifact) -> str:
    return f"https://files.test/{index}/{artifact.location or artifact.filename}"


OPTIONS = PylockOptions(locate=locate, indexes={"pypi": "https://index.test/simple/"})


def options(**changes: object) -> PylockOptions:
    values = {field: getattr(OPTIONS, field) for field in OPTIONS.__struct_fields__}
    return PylockOptions(**{**values, **changes})


def read(text: str) -> Pylock:
    pylock = Pylock.from_dict(tomllib.loads(text))
    pylock.validate()
    return pylock


def chosen_by(
    pylock: Pylock,
    environment: dict[str, str] = LINUX,
    *,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] | None = None,
) -> dict[str, str]:
    found = pylock.select(
        environment=environment,  # type: ignore[arg-type]
        tags=TAGS,
        extras=extras,
        dependency_groups=groups,
    )
    return {part.name: str(part.version) if part.version else "" for part, _ in found}


def test_a_pylock_selects_what_the_lock_does() -> None:
    pylock = read(export_pylock(SHARED, chosen("app"), OPTIONS))
    assert chosen_by(pylock) == {"a": "1.0", "app": "", "e": "1.0", "lib": ""}
    assert chosen_by(pylock, WINDOWS) == {"a": "1.0", "app": "", "b": "2.0", "e": "1.0", "lib": ""}
    assert str(pylock.requires_python) == ">=3.11"
    assert list(chosen_by(read(export_pylock(SHARED, chosen("app[x]:dev"), OPTIONS)))) == [
        "a",
        "app",
        "c",
        "d",
        "e",
        "lib",
    ]


def test_the_text_of_a_pylock() -> None:
    lock = lock_of(
        member("app", "b", path="."),
        package(
            "b",
            "2.0",
            requires_python=">=3.8,<4,!=3.9.*",
            artifacts=(
                Artifact(filename="b-2.0-py3-none-any.whl", sha256=HASH, size=7, upload_time="2024-05-01T10:00:00.5Z"),
                Artifact(filename="b-2.0.tar.gz", sha256=HASH, location="f/b-2.0.tar.gz"),
            ),
        ),
    )
    assert export_pylock(lock, None, OPTIONS) == (
        'lock-version = "1.0"\n'
        'requires-python = ">=3.11"\n'
        'created-by = "interlock"\n'
        "\n"
        "[[packages]]\n"
        'name = "app"\n'
        'directory = { path = ".", editable = true }\n'
        "\n"
        "[[packages]]\n"
        'name = "b"\n'
        'version = "2.0"\n'
        'requires-python = ">=3.8"\n'
        'index = "https://index.test/simple/"\n'
        'sdist = { name = "b-2.0.tar.gz", url = "https://files.test/pypi/f/b-2.0.tar.gz", '
        f'hashes = {{ sha256 = "{HASH}" }} }}\n'
        "wheels = [\n"
        '    { name = "b-2.0-py3-none-any.whl", upload-time = 2024-05-01T10:00:00.5Z, '
        'url = "https://files.test/pypi/b-2.0-py3-none-any.whl", size = 7, '
        f'hashes = {{ sha256 = "{HASH}" }} }},\n'
        "]\n"
    )


def test_offered_extras_and_groups_are_variables() -> None:
    offer = Offer(member=NormalizedName("app"), extras=(ExtraName("x"),), groups=(GroupName("dev"), GroupName("docs")))
    lock = lock_of(
        member("app", "a", extras={"x": ["c"]}, groups={"dev": ["d"], "docs": ["c", "e"]}),
        *(package(name) for name in "acde"),
    )
    text = export_pylock(
        lock, chosen("app"), options(offer=offer, default_groups=(GroupName("dev"),), emit_workspace=False)
    )
    pylock = read(text)
    assert pylock.extras == ["x"]
    assert pylock.dependency_groups == ["docs"]
    assert pylock.default_groups == ["dev"]
    assert list(chosen_by(pylock)) == ["a", "d"]
    assert list(chosen_by(pylock, extras=("x",))) == ["a", "c", "d"]
    assert list(chosen_by(pylock, groups=("docs",))) == ["a", "c", "e"]
    assert list(chosen_by(pylock, groups=())) == ["a"]


def conflicting() -> Lock:
    return lock_of(
        member(
            "app",
            extras={
                "cpu": [edge("torch", "extra == 'app[cpu]'", version="1.0")],
                "gpu": [edge("torch", "extra == 'app[gpu]'", version="2.0")],
            },
        ),
        package("torch", "1.0"),
        package("torch", "2.0"),
        conflicts=((item("app", extra="cpu"), item("app", extra="gpu")),),
    )


def test_conflicting_extras_can_be_offered_but_not_both_selected() -> None:
    offer = Offer(member=NormalizedName("app"), extras=(ExtraName("cpu"), ExtraName("gpu")))
    pylock = read(export_pylock(conflicting(), chosen("app"), options(offer=offer, emit_workspace=False)))
    assert chosen_by(pylock) == {}
    assert chosen_by(pylock, extras=("cpu",)) == {"torch": "1.0"}
    assert chosen_by(pylock, extras=("gpu",)) == {"torch": "2.0"}
    assert chosen_by(read(export_pylock(conflicting(), chosen("app[gpu]"), OPTIONS)))["torch"] == "2.0"
    with pytest.raises(ConflictingSelection):
        export_pylock(conflicting(), chosen("app[cpu,gpu]"), OPTIONS)


def test_forks_become_disjoint_entries() -> None:
    lock = lock_of(
        member(
            "app",
            edge("a", "python_full_version < '3.12'", version="1.0"),
            edge("a", "python_full_version >= '3.12'", version="2.0"),
        ),
        package("a", "1.0"),
        package("a", "2.0"),
        inputs=ResolutionInputs(environments=("sys_platform == 'linux'", "sys_platform == 'darwin'")),
    )
    text = export_pylock(lock, None, OPTIONS)
    assert chosen_by(read(text))["a"] == "2.0"
    old = LINUX | {"python_version": "3.11", "python_full_version": "3.11.9"}
    assert chosen_by(read(text), old)["a"] == "1.0"
    assert [str(marker) for marker in read(text).environments or []] == [
        'sys_platform == "linux"',
        'sys_platform == "darwin"',
    ]


def sources() -> Lock:
    return lock_of(
        member("app", "git-tree", "archive", "local", "folder", "moving", path="."),
        package(
            "git-tree",
            "1.0",
            source=Git(url="https://host.test/a.git", reference="branch:main", commit="c" * 40, subdirectory="sub"),
            artifacts=(),
        ),
        package(
            "archive",
            "1.0",
            source=Url("https://host.test/archive-1.0.tar.gz"),
            artifacts=(Artifact(filename="archive-1.0.tar.gz", sha256=HASH, size=5),),
        ),
        package("local", "1.0", source=File("dist/local-1.0-py3-none-any.whl"), artifacts=(wheel("local", "1.0"),)),
        package("folder", "1.0", source=Directory("vendor/folder"), artifacts=()),
        package("moving", "", source=Directory("vendor/moving", editable=True), artifacts=()),
    )


def test_every_source_has_its_entry() -> None:
    data = tomllib.loads(export_pylock(sources(), None, options(root="../..")))
    entries = {part["name"]: part for part in data["packages"]}
    assert entries["git-tree"] == {
        "name": "git-tree",
        "vcs": {
            "type": "git",
            "url": "https://host.test/a.git",
            "requested-revision": "main",
            "commit-id": "c" * 40,
            "subdirectory": "sub",
        },
    }
    assert entries["archive"]["archive"] == {
        "url": "https://host.test/archive-1.0.tar.gz",
        "size": 5,
        "hashes": {"sha256": HASH},
    }
    assert entries["archive"]["version"] == "1.0"
    assert entries["local"]["archive"]["path"] == "../../dist/local-1.0-py3-none-any.whl"
    assert entries["folder"] == {"name": "folder", "directory": {"path": "../../vendor/folder"}}
    assert entries["moving"]["directory"] == {"path": "../../vendor/moving", "editable": True}
    assert entries["app"]["directory"] == {"path": "../..", "editable": True}
    read(export_pylock(sources(), None, OPTIONS))


def test_what_is_emitted() -> None:
    def names(**changes: object) -> list[str]:
        return list(chosen_by(read(export_pylock(SHARED, chosen("app"), options(**changes)))))

    assert names(emit_workspace=False) == ["a", "e"]
    assert names(emit_project=False) == ["a", "e", "lib"]
    assert names(omit=frozenset({"a"})) == ["app", "e", "lib"]
    assert names(prune=frozenset({"a"})) == ["app", "lib"]


def test_an_empty_pylock_is_valid() -> None:
    assert read(export_pylock(lock_of(member("app", is_package=False)), None, OPTIONS)).packages == []


def test_a_file_without_a_hash_cannot_be_exported() -> None:
    lock = lock_of(member("app", "a"), package("a", artifacts=(Artifact(filename="a-1.0-py3-none-any.whl"),)))
    with pytest.raises(NotExportable, match="no hash"):
        export_pylock(lock, None, OPTIONS)
    with pytest.raises(NotExportable, match="no hash"):
        export_requirements(lock, None)
    assert "a==1.0" in export_requirements(lock, None, RequirementsOptions(hashes=False))


def test_a_repository_by_its_path_is_told_by_the_place_of_the_root() -> None:
    lock = lock_of(member("app", "a"), package("a", source=Git(url="../with space", commit="c" * 40)))
    with pytest.raises(NotExportable, match="at a path of this machine"):
        export_requirements(lock, None)
    written = export_requirements(lock, None, RequirementsOptions(root_url="file:///srv/shop"))
    assert f"a @ git+file:///srv/with%20space@{'c' * 40}\n" in written


def test_file_names_follow_the_standard() -> None:
    assert pylock_name() == "pylock.toml"
    for name in ("app", "a.b"):
        assert is_valid_pylock_path(Path(pylock_name(name)))


def test_the_whole_workspace_is_the_default() -> None:
    assert [part.member for part in everything(SHARED).members] == ["app", "lib"]


def test_the_text_of_requirements() -> None:
    assert export_requirements(SHARED, chosen("app:dev")) == (
        "-e ./packages/app\n"
        "-e ./packages/lib\n"
        "    # via app\n"
        "a==1.0 \\\n"
        f"    --hash=sha256:{HASH}\n"
        "    # via\n"
        "    #   app\n"
        "    #   lib\n"
        "b==2.0 ; sys_platform == 'win32' or platform_machine == 'AMD64' \\\n"
        f"    --hash=sha256:{HASH}\n"
        "    # via\n"
        "    #   a\n"
        "    #   app\n"
        "d==1.0 \\\n"
        f"    --hash=sha256:{HASH}\n"
        "    # via app:dev\n"
        "e==1.0 \\\n"
        f"    --hash=sha256:{HASH}\n"
        "    # via a\n"
    )


def test_options_of_requirements() -> None:
    text = export_requirements(
        SHARED,
        chosen("app"),
        RequirementsOptions(
            hashes=False,
            annotate=False,
            header="made by hand",
            index_urls=("https://index.test/simple/", "https://own.test/simple/"),
            emit_workspace=False,
            prune=frozenset({NormalizedName("b")}),
        ),
    )
    assert text == (
        "# made by hand\n--index-url https://index.test/simple/\n--extra-index-url https://own.test/simple/\n\n"
        "a==1.0\ne==1.0\n"
    )


def test_sources_in_requirements() -> None:
    lines = export_requirements(sources(), None, RequirementsOptions(annotate=False, root="..")).splitlines()
    assert lines == [
        "-e ..",
        "archive @ https://host.test/archive-1.0.tar.gz \\",
        f"    --hash=sha256:{HASH}",
        "../vendor/folder",
        f"git-tree @ git+https://host.test/a.git@{'c' * 40}#subdirectory=sub",
        "../dist/local-1.0-py3-none-any.whl \\",
        f"    --hash=sha256:{HASH}",
        "-e ../vendor/moving",
    ]


def test_markers_of_requirements_are_readable_by_others() -> None:
    for line in export_requirements(SHARED, chosen("app"), RequirementsOptions(hashes=False)).splitlines():
        if " ; " in line:
            assert not Marker(line.partition(" ; ")[2]).evaluate(default_environment() | {"sys_platform": "x"})  # type: ignore[arg-type]


def test_pip_installs_exported_requirements_and_pylock(tmp_path: Path) -> None:
    built = [make_wheel("one", "1.0", requires=["two"]), make_wheel("two", "2.0")]
    for part in built:
        (tmp_path / part.filename).write_bytes(part.data)
    files = {part.name: Artifact(filename=part.filename, sha256=part.sha256, size=len(part.data)) for part in built}
    lock = lock_of(
        member("app", "one", is_package=False),
        package("one", "1.0", edge("two", "python_full_version >= '3.9'"), artifacts=(files["one"],)),
        package("two", "2.0", artifacts=(files["two"],)),
    )
    selection: Selection = chosen("app")
    (tmp_path / "requirements.txt").write_text(export_requirements(lock, selection))
    local = PylockOptions(locate=lambda _, artifact: (tmp_path / artifact.filename).as_uri())
    (tmp_path / "pylock.toml").write_text(export_pylock(lock, selection, local))
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "--disable-pip-version-check",
        "install",
        "--no-index",
        "--no-deps",
    ]
    for name, more in (
        ("requirements.txt", ["--require-hashes", "--find-links", str(tmp_path)]),
        ("pylock.toml", []),
    ):
        done = subprocess.run(
            [*pip, "--dry-run", "--ignore-installed", *more, "-r", str(tmp_path / name)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert "Would install one-1.0 two-2.0" in done.stdout, done.stderr
