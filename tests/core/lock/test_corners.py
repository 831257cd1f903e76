"""Locks that people have edited, that other versions wrote, or that seldom come about."""

from __future__ import annotations

import json

import msgspec
import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.codec import LockCorrupt, decode_lock, encode_lock
from interlock.core.lock.conflicts import ConflictingSelection
from interlock.core.lock.consistency import check_lock
from interlock.core.lock.diff import shown_source
from interlock.core.lock.export_pylock import NotExportable, PylockOptions, export_pylock
from interlock.core.lock.export_requirements import RequirementsOptions, export_requirements
from interlock.core.lock.graph import Graph, LeftOut, UnknownInLock
from interlock.core.lock.inputs import member_inputs, own_inputs
from interlock.core.lock.merge import Sides, merge_locks, shared_pins
from interlock.core.lock.model import Lock, LockedMember, ResolutionInputs
from interlock.core.lock.part import part_of
from interlock.core.lock.reach import reach
from interlock.core.lock.select import NoUsableArtifact, PythonNotAdmitted, select, walk
from interlock.core.manifests.manifest import Manifest
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import GroupName, NormalizedName
from interlock.core.requirements.slot import PROJECT
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url
from tests.core.lock.locks import LINUX, chosen, edge, item, lock_of, member, package, wheel

A = NormalizedName("a")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (Registry("pypi"), "index pypi"),
        (Git(url="https://h.test/a", commit="c" * 40), "https://h.test/a at cccccccccccc"),
        (Url("https://h.test/a.zip"), "https://h.test/a.zip"),
        (File("a.zip"), "a.zip"),
        (Directory("a"), "a"),
        (Member(A), "member a"),
    ],
)
def test_every_source_is_shown(source: Source, text: str) -> None:
    assert shown_source(source) == text


def pylock(lock: Lock) -> str:
    return export_pylock(lock, None, PylockOptions(locate=lambda index, artifact: artifact.filename))


def requirements(lock: Lock) -> str:
    return export_requirements(lock, chosen("app"), RequirementsOptions())


@pytest.mark.parametrize("export", [pylock, requirements])
def test_a_member_among_the_packages_cannot_be_exported(export: object) -> None:
    lock = lock_of(member("app", "a"), package("a", "", source=Member(A), artifacts=()))
    with pytest.raises(NotExportable, match="member a among its packages"):
        export(lock)  # type: ignore[operator]


@pytest.mark.parametrize("source", [Registry("pypi"), Url("https://h.test/a-1.0.zip")])
def test_a_package_without_files_cannot_be_exported(source: Source) -> None:
    with pytest.raises(NotExportable):
        pylock(lock_of(member("app", "a"), package("a", source=source, artifacts=())))


def test_what_a_pylock_says_of_trees_and_archives() -> None:
    sdist = Artifact(filename="a-1.0.zip", sha256="a1" * 32)
    lock = lock_of(
        member("app", "a", "b", "c", requires_python=""),
        package("a", source=Url("https://h.test/a-1.0.zip", subdirectory="sub"), artifacts=(sdist,)),
        package("b", "", source=Git(url="https://h.test/b", commit="c" * 40), artifacts=()),
        package("c", artifacts=(sdist,)),
        requires_python="",
    )
    text = pylock(lock)
    assert 'subdirectory = "sub"' in text
    assert "requested-revision" not in text
    assert "requires-python" not in text
    assert "wheels" not in text


def test_requirements_spell_gits_own_addresses_as_pip_wants_them() -> None:
    source = Git(url="git@h.test:o/r.git", commit="c" * 40)
    text = requirements(lock_of(member("app", "a"), package("a", "", source=source, artifacts=())))
    assert f"git+ssh://git@h.test/o/r.git@{'c' * 40}" in text


def test_extras_of_what_is_not_exported_name_no_parents() -> None:
    lock = lock_of(member("app", "a"), package("a"), package("b", extras={"x": ["a"]}))
    assert "b" not in requirements(lock)


def test_what_was_pruned_away_is_told_as_that() -> None:
    pruned = msgspec.structs.replace(member("a", groups={"g": []}), left_out=("dependencies", "extra:x", "group:h"))
    lock = lock_of(pruned)
    for text, whose, hint in [
        ("a", "The project itself of a", "Leave it out here too, or prune with it."),
        (":a:h", "The group `h` of a", "Leave it out here too with `--no-group h`, or prune with it."),
    ]:
        with pytest.raises(LeftOut, match=whose) as caught:
            select(lock, LINUX, chosen(text), tags=("py3-none-any",))
        assert caught.value.hint == hint
    with pytest.raises(UnknownInLock, match="group `i` of a is not in the lock"):
        select(lock, LINUX, chosen(":a:i"), tags=("py3-none-any",))


def test_a_member_and_a_package_of_its_name_are_not_installed_both() -> None:
    means = edge("b", version="2.0", source=Registry("pypi"))
    lock = lock_of(member("a", means, edge("b")), member("b"), package("b", "2.0"))
    with pytest.raises(ConflictingSelection, match="b would be installed twice"):
        select(lock, LINUX, chosen("a"), tags=("py3-none-any",))


def test_a_tree_is_not_built_where_building_is_forbidden() -> None:
    tree = package("b", "", source=Directory("b"), artifacts=())
    lock = lock_of(member("a", "b"), tree, inputs=ResolutionInputs(no_build=("b",)))
    with pytest.raises(NoUsableArtifact, match="`no-build` forbids"):
        select(lock, LINUX, chosen("a"), tags=("py3-none-any",))


def test_of_equal_files_the_name_decides_and_tar_comes_before_zip() -> None:
    files = tuple(Artifact(filename=name, sha256="a1" * 32) for name in ("b-1.0.tar.gz", "b-1.0.zip"))
    lock = lock_of(member("a", "b"), package("b", artifacts=files))
    one = [found.artifact for found in select(lock, LINUX, chosen("a"), tags=("py3-none-any",)) if found.artifact]
    assert [artifact.filename for artifact in one] == ["b-1.0.tar.gz"]
    wheels = (wheel("b", "1.0", "py3-none-any.py2-none-any"), wheel("b", "1.0"), wheel("b", "1.0", "py2-none-any"))
    lock = lock_of(member("a", "b"), package("b", artifacts=wheels))
    assert select(lock, LINUX, chosen("a"), tags=("py3-none-any", "py2-none-any")) != ()


def test_a_number_without_an_end_is_no_python() -> None:
    data = encode_lock(lock_of(member("a"))).replace(b">=3.11", b">=3." + b"1" * 500)
    with pytest.raises(LockCorrupt, match="endless number"):
        decode_lock(data)


def test_the_moment_of_a_window_that_earlier_versions_wrote_is_forgotten() -> None:
    inputs = ResolutionInputs(exclude_newer_span="7 days", exclude_newer="2026-01-01T00:00:00Z")
    assert decode_lock(encode_lock(Lock(inputs=inputs))).inputs.exclude_newer == ""
    broken = encode_lock(Lock(inputs=ResolutionInputs(prerelease="allow"))).replace(b'"allow"', b"1")
    with pytest.raises(LockCorrupt, match="in `inputs`"):
        decode_lock(broken)


def test_a_hole_in_any_list_is_corrupt() -> None:
    document = json.loads(encode_lock(lock_of(member("a", "b"), package("b"))))
    for where in (document["packages"][0]["artifacts"], document["members"][0]["dependencies"]):
        where.insert(0, None)
        with pytest.raises(LockCorrupt):
            decode_lock(json.dumps(document, separators=(",", ": ")).encode())
        del where[0]


def checked(lock: Lock) -> None:
    check_lock(lock, encode_lock(lock))


def test_a_file_of_a_package_lies_in_no_folder() -> None:
    lock = lock_of(member("a", "b"), package("b"))
    data = encode_lock(lock).replace(b'"file": "b-1.0', b'"file": "x\\\\b-1.0')
    with pytest.raises(LockCorrupt, match="is not the name of a file"):
        check_lock(decode_lock(data), data)
    checked(lock_of(LockedMember(name=NormalizedName(""), path=".")))


def test_a_package_that_no_python_of_the_selection_reaches_is_no_part_of_it() -> None:
    narrow = member("b", "p", requires_python="<3.12")
    lock = lock_of(
        member("a", edge("b", "python_full_version < '3.12'"), requires_python=">=3.12"), narrow, package("p")
    )
    small = part_of(lock, {A: {PROJECT}})
    assert small.packages == ()
    assert small.members[0].dependencies == ()


def test_what_only_one_side_pins_comes_before_what_the_other_took_away() -> None:
    ours, theirs = lock_of(package("x", "1"), package("y", "1")), lock_of(package("x", "2"), package("x", "1"))
    pins = shared_pins(Sides(base=None, ours=ours, theirs=theirs))
    assert [(one.name, one.version) for one in pins.packages] == [("x", "1"), ("y", "1")]


def test_locks_whose_settings_both_changed_need_a_resolution() -> None:
    base, ours, theirs = (
        Lock(inputs=ResolutionInputs(prerelease=word)) for word in ("if-necessary", "allow", "disallow")
    )
    assert merge_locks(base, ours, theirs) is None


def manifest(text: str) -> Manifest:
    return parse_manifest(f'[project]\nname = "a"\nversion = "1"\n{text}'.encode(), path="a", file="pyproject.toml")


def test_groups_that_cannot_be_used_and_dynamic_fields_are_inputs_too() -> None:
    broken = manifest("[dependency-groups]\ng = [1]\n")
    assert "dependency-groups.g" in own_inputs(broken)
    dynamic = parse_manifest(
        b'[project]\nname = "a"\nversion = "1"\ndynamic = ["dependencies"]\n', path="a", file="pyproject.toml"
    )
    assert "dynamic" in own_inputs(dynamic)
    no_package = manifest("[tool.uv]\npackage = false\n[build-system]\nrequires = []\n")
    assert ("package" in own_inputs(no_package)) is not (
        "package" in own_inputs(manifest("[build-system]\nrequires = []\n"))
    )


def test_sources_of_the_root_count_for_what_extras_and_groups_ask_for() -> None:
    root = parse_manifest(
        b"[tool.uv.workspace]\n[tool.uv.sources]\nb = {index = 'x'}\n", path=".", file="pyproject.toml"
    )
    for asked in ('[project.optional-dependencies]\nx = ["b"]\n', '[dependency-groups]\ng = ["b"]\n'):
        asking = manifest(asked)
        assert "sources.b" in member_inputs(own_inputs(asking), asking, root)
    plain = own_inputs(root)
    assert member_inputs(plain, root, root) is plain


def test_a_conflict_of_what_the_lock_has_not_is_nobodys() -> None:
    lock = lock_of(member("a", "b"), package("b"), conflicts=((item("gone"), item("a", extra="x")),))
    assert [found.name for found in select(lock, LINUX, chosen("a"), tags=("py3-none-any",))] == ["a", "b"]


def test_all_that_a_lock_can_say_of_a_member_and_a_package_comes_back() -> None:
    groups = GroupName("g"), GroupName("h")
    full = msgspec.structs.replace(
        member("a", "b", groups={"g": [], "h": []}),
        includes={groups[0]: (groups[1],)},
        table_pythons={"group:g": ">=3.12"},
    )
    lock = lock_of(full, package("b", markers=("sys_platform == 'linux'",), requires_python=">=3.11"))
    back = decode_lock(encode_lock(lock))
    assert back.members[0].includes == full.includes
    assert back.members[0].pythons == (">=3.11", {"group:g": ">=3.12"})
    assert back.packages == lock.packages


def test_lists_that_only_end_in_a_hole_have_none() -> None:
    data = encode_lock(lock_of(member("a", "b"), package("b")))
    document = json.loads(data)
    document["written-by-somebody"] = [None, 1]
    assert decode_lock(json.dumps(document, separators=(",", ": ")).encode()) == decode_lock(data)


@pytest.mark.parametrize(
    ("text", "words"), [("a[x]", "The extra `x` of a is locked for"), ("a:g", "The group `g` of a is locked for")]
)
def test_a_table_locked_for_other_pythons_is_refused(text: str, words: str) -> None:
    narrow = msgspec.structs.replace(
        member("a", extras={"x": []}, groups={"g": []}), table_pythons={"extra:x": ">=3.13", "group:g": ">=3.13"}
    )
    with pytest.raises(PythonNotAdmitted, match=words):
        select(lock_of(narrow), LINUX, chosen(text), tags=("py3-none-any",))


def test_what_only_looks_sees_both_sides_of_what_conflicts() -> None:
    sides = (item("a", extra="x"), item("a", extra="y"))
    lock = lock_of(member("a", extras={"x": ["b"], "y": ["c"]}), package("b"), package("c"), conflicts=(sides,))
    with pytest.raises(ConflictingSelection):
        reach(lock, chosen("a[x,y]"))
    assert sorted(key[0] for key in reach(lock, chosen("a[x,y]"), union=True)) == ["a", "b", "c"]
    graph = Graph(lock)
    with pytest.raises(ConflictingSelection):
        walk(graph, LINUX, chosen("a[x,y]"))
    assert sorted(walk(graph, LINUX, chosen("a[x,y]"), union=True).packages) == ["b", "c"]


def test_a_project_left_out_of_the_requirements_takes_nothing_along() -> None:
    lock = lock_of(member("app", "a"), package("a"))
    text = export_requirements(lock, chosen("app"), RequirementsOptions(emit_project=False))
    assert "a==1.0" in text
    assert "packages/app" not in text
