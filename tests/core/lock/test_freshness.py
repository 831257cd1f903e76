from __future__ import annotations

from interlock.core.lock.freshness import CurrentMember, LockOutdated, compare, with_digests
from interlock.core.lock.inputs import member_inputs, own_inputs, resolution_inputs
from interlock.core.lock.model import Lock, LockedMember, ResolutionInputs
from interlock.core.manifests.manifest import ConflictItem, Manifest, ToolSettings
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Index
from tests.core.lock.locks import lock_of, member

A = NormalizedName("a")


def manifest(text: str = "", *, version: str = "1", path: str = "packages/a") -> Manifest:
    document = f'[project]\nname = "a"\nversion = "{version}"\n{text}'
    return parse_manifest(document.encode(), path=path, file="pyproject.toml")


def current(text: str = "", path: str = "packages/a") -> CurrentMember:
    return CurrentMember(name=A, path=path, inputs=own_inputs(manifest(text, path=path)))


def locked(text: str = "", path: str = "packages/a") -> Lock:
    return Lock(members=(LockedMember(name=A, path=path, inputs=own_inputs(manifest(text, path=path))),))


def said(lock: Lock, *members: CurrentMember, absent: tuple[NormalizedName, ...] = ()) -> list[str]:
    return [str(stale) for stale in compare(lock, members, ResolutionInputs(), absent=absent)]


def test_order_comments_spelling_and_versions_change_nothing() -> None:
    before = manifest('dependencies = ["b>=1,<2", "Foo_Bar[y,x]"]\n[dependency-groups]\ndev = ["p", "q"]\n')
    after = manifest(
        'dependencies = [\n  "foo-bar[X, y]", # why\n  "b <2, >=1",\n]\n[dependency-groups]\nDev = ["q", "p"]\n',
        version="2",
    )
    assert own_inputs(before) == own_inputs(after)


def test_digests_are_sixteen_hexadecimal_digits_by_key() -> None:
    text = 'requires-python = ">=3.9"\ndependencies = ["b"]\noptional-dependencies = {x = ["c"]}\n'
    text += "[dependency-groups]\ny = []\n"
    found = own_inputs(manifest(text + "[tool.uv.sources]\nb = {workspace = true}\n"))
    keys = {"requires-python", "dependencies", "optional-dependencies.x", "dependency-groups.y", "sources.b", "package"}
    assert set(found) == keys
    assert all(len(value) == 16 and int(value, 16) >= 0 for value in found.values())


def test_a_changed_requirement_names_the_member_and_the_key() -> None:
    assert said(locked('dependencies = ["b"]'), current('dependencies = ["b>=2"]')) == [
        "packages/a: dependencies have changed"
    ]
    assert said(locked(), current('dependencies = ["b"]')) == ["packages/a: dependencies have been added"]
    assert said(locked("[dependency-groups]\ndev = []\n"), current()) == [
        "packages/a: dependency-groups.dev has been removed"
    ]


def test_members_that_come_move_and_go() -> None:
    assert said(Lock(), current()) == ["packages/a: a is a new member"]
    assert said(locked(), current(path="libs/a")) == ["libs/a: a moved"]
    assert said(locked()) == ["packages/a: a is no member any more"]


def test_an_absent_member_counts_as_unchanged() -> None:
    assert said(locked(), absent=(A,)) == []


def test_sources_of_the_root_count_for_the_members_that_use_them() -> None:
    root_text = "[tool.uv.workspace]\n[tool.uv.sources]\nb = {workspace = true}\nc = {index = 'x'}\n"
    root = parse_manifest(root_text.encode(), path=".", file="pyproject.toml")
    other = parse_manifest(root_text.replace("'x'", "'y'").encode(), path=".", file="pyproject.toml")
    uses_b, uses_c = manifest('dependencies = ["b"]'), manifest('dependencies = ["c"]')
    own = manifest('dependencies = ["c"]\n[tool.uv.sources]\nc = {path = "z"}\n')

    def inputs(member: Manifest, inherited: Manifest) -> dict[str, str]:
        return member_inputs(own_inputs(member), member, inherited)

    assert "sources.b" in inputs(uses_b, root)
    assert inputs(uses_b, root) == inputs(uses_b, other)
    assert inputs(uses_c, root) != inputs(uses_c, other)
    assert inputs(own, root) == inputs(own, other) == own_inputs(own)


def test_settings_are_inputs() -> None:
    before = resolution_inputs(ToolSettings(), (Index(name="pypi", url="https://index.test/simple/"),))
    mirror = resolution_inputs(ToolSettings(), (Index(name="pypi", url="https://mirror.test/simple/"),))
    after = resolution_inputs(ToolSettings(prerelease="allow", no_binary=True), (Index(name="own", url="x"),))
    assert before == mirror
    lock = Lock(inputs=before)
    assert compare(lock, (), before) == ()
    assert [(stale.key, stale.kind) for stale in compare(lock, (), after)] == [
        ("indexes", "changed"),
        ("prerelease", "changed"),
        ("no-binary", "added"),
    ]
    assert str(compare(lock, (), after)[0]) == "the setting indexes has changed"


def test_an_outdated_lock_says_why_in_words_and_as_data() -> None:
    error = LockOutdated(compare(locked('dependencies = ["b"]'), [current()], ResolutionInputs(prerelease="allow")))
    assert str(error) == (
        "interlock.lock does not match the manifests:\n"
        "  the setting prerelease has changed\n"
        "  packages/a: dependencies have been removed"
    )
    assert error.facts == {
        "stale": [
            {"member": None, "key": "prerelease", "kind": "changed", "path": ""},
            {"member": "a", "key": "dependencies", "kind": "removed", "path": "packages/a"},
        ]
    }


def test_a_lock_that_cannot_be_used_whatever_the_manifests_say() -> None:
    reasons = compare(
        Lock(inputs=ResolutionInputs(conflicts=((ConflictItem(member=A),),))),
        [],
        ResolutionInputs(conflicts=((ConflictItem(member=A),),)),
    )
    assert [reason.key for reason in reasons] == ["format"]
    assert str(LockOutdated(reasons, whatever=True)) == (
        "interlock.lock cannot be used as it is: it has declared conflicts and was written in an older format, which "
        "loses what is reached by them."
    )


def test_a_source_tree_that_asks_for_something_else_is_named() -> None:
    lock = Lock(inputs=ResolutionInputs(trees={"vendor/a": "1", "vendor/b": "2"}))
    reasons = compare(lock, [], ResolutionInputs(trees={"vendor/a": "1", "vendor/b": "3"}))
    assert [str(reason) for reason in reasons] == ["vendor/b: what the project there says it needs has changed"]


def test_each_member_gets_its_own_digests_in_order() -> None:
    now = CurrentMember(name=NormalizedName("a"), path="a", inputs={"z": "1", "k": "2"})
    lock = with_digests(lock_of(member("a"), member("b")), [now])
    assert [list(one.inputs.items()) for one in lock.members] == [[("k", "2"), ("z", "1")], []]
