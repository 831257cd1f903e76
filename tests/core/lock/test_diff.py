"""Comparing locks, and attributing what changed to members."""

from __future__ import annotations

import json

from interlock.core.lock.diff import LockDiff, MemberChange, SettingChange, diff, to_data, to_markdown, to_text
from interlock.core.lock.model import Lock, ResolutionInputs
from interlock.core.sources.source import Git
from tests.core.lock.locks import lock_of, member, package, wheel

OLD = lock_of(
    member("app", "lib", "a"),
    member("lib", "b"),
    member("web", groups={"dev": ["c"]}),
    package("a", "1.9"),
    package("b", "1.0", "deep"),
    package("c", "2.0"),
    package("deep", "1.0"),
    package("gone", "1.0"),
)
NEW = lock_of(
    member("app", "lib", "a"),
    member("lib", "b"),
    member("web", groups={"dev": ["c", "fresh"]}),
    package("a", "1.10"),
    package("b", "1.0", "deep", artifacts=(wheel("b", "1.0"), wheel("b", "1.0", "py3-none-win32"))),
    package("c", "1.0"),
    package("deep", "1.0", source=Git(url="https://host.test/deep", commit="d" * 40)),
    package("fresh", "0.1"),
)


def test_equal_locks_have_no_difference() -> None:
    assert diff(OLD, OLD) == LockDiff()
    assert diff(OLD, OLD).is_empty
    assert to_markdown(diff(OLD, OLD)) == ["No changes."]
    assert to_text(diff(OLD, OLD)) == []


def test_changes_are_told_by_kind_and_attributed() -> None:
    found = {str(change.name): change for change in diff(OLD, NEW).packages}
    assert {name: change.kind for name, change in found.items()} == {
        "a": "upgraded",
        "b": "artifacts",
        "c": "downgraded",
        "deep": "source",
        "fresh": "added",
        "gone": "removed",
    }
    assert {name: change.because for name, change in found.items()} == {
        "a": ("app",),
        "b": ("app", "lib"),
        "c": ("web",),
        "deep": ("app", "lib"),
        "fresh": ("web",),
        "gone": (),
    }
    assert found["deep"].parents == ("b",)
    assert found["b"].artifacts_added == ("b-1.0-py3-none-win32.whl",)
    assert found["a"].artifacts_added == ()


def test_the_text_and_the_table() -> None:
    assert to_text(diff(OLD, NEW)) == [
        "^ a 1.9 -> 1.10  (app)",
        "~ b 1.0: 1 file added  (app, lib)",
        "v c 2.0 -> 1.0  (web)",
        "~ deep 1.0 (index pypi) -> 1.0 (https://host.test/deep at dddddddddddd)  (app, lib)",
        "+ fresh 0.1  (web)",
        "- gone 1.0",
    ]
    table = to_markdown(diff(OLD, NEW))
    assert table[:3] == [
        "| package | change | from | to | needed by | moved with |",
        "| --- | --- | --- | --- | --- | --- |",
        "| `a` | upgraded | 1.9 | 1.10 | app |  |",
    ]
    assert len(table) == 8


def test_what_moved_together_is_told() -> None:
    """`core` moved because `client` did; `other` and `web` need it too, but did not change."""
    before = lock_of(
        member("api", "client"),
        member("web", "other"),
        package("client", "1.0", "core"),
        package("core", "1.0"),
        package("left", "1.0"),
        package("other", "1.0", "core"),
    )
    after = lock_of(
        member("api", "client"),
        member("web", "other"),
        package("client", "2.0", "core", "new"),
        package("core", "2.0"),
        package("new", "1.0"),
        package("other", "1.0", "core"),
    )
    assert to_text(diff(before, after)) == [
        "^ client 1.0 -> 2.0  (api)",
        "^ core 1.0 -> 2.0  (api, web; with client)",
        "- left 1.0",
        "+ new 1.0  (api; with client)",
    ]
    assert to_markdown(diff(before, after))[3] == "| `core` | upgraded | 1.0 | 2.0 | api, web | client |"
    core = diff(before, after).packages[1]
    assert (core.parents, core.moved_with) == (("client", "other"), ("client",))


def test_members_and_settings() -> None:
    inputs = ResolutionInputs(indexes=("pypi", "own"), prerelease="allow")
    after = lock_of(
        member("lib", "b", path="libs/lib"), member("new"), *NEW.packages, inputs=inputs, requires_python=">=3.12"
    )
    found = diff(NEW, after)
    assert found.members == (
        MemberChange(name=NEW.members[0].name, kind="removed"),
        MemberChange(name=after.members[0].name, kind="changed", keys=("path",)),
        MemberChange(name=after.members[1].name, kind="added"),
        MemberChange(name=NEW.members[2].name, kind="removed"),
    )
    assert found.settings == (
        SettingChange(key="indexes", old='["pypi"]', new='["pypi","own"]'),
        SettingChange(key="prerelease", old="if-necessary", new="allow"),
        SettingChange(key="requires-python", old=">=3.11", new=">=3.12"),
    )
    assert "- member `lib` changed: `path`" in to_markdown(found)
    assert "~ prerelease: if-necessary -> allow" in to_text(found)


def test_source_trees_are_named_without_their_digests() -> None:
    before = lock_of(inputs=ResolutionInputs(trees={"../a": "1", "../b": "2", "../c": "3"}))
    after = lock_of(inputs=ResolutionInputs(trees={"../b": "4", "../c": "3", "../d": "5"}))
    found = diff(before, after)
    assert to_text(found) == [
        "~ source tree ../a: removed",
        "~ source tree ../b: changed",
        "~ source tree ../d: added",
    ]
    assert "- setting source tree `../d`: added" in to_markdown(found)


def test_a_first_lock_is_all_additions() -> None:
    found = diff(None, NEW)
    assert {change.kind for change in found.packages} == {"added"}
    assert {change.kind for change in found.members} == {"added"}
    data = to_data(found)
    assert json.loads(json.dumps(data)) == data
    assert data["affected"] == ["app", "lib", "web"]


def test_several_versions_of_a_name() -> None:
    before = lock_of(member("app", "a"), package("a", "1.0"))
    after = lock_of(package("a", "1.0"), package("a", "2.0"))
    change = diff(before, after).packages[0]
    assert (change.kind, change.old, change.new) == ("changed", ("1.0",), ("1.0", "2.0"))


def test_many_members_are_counted() -> None:
    before = Lock(packages=(package("a", "1.0"),))
    after = lock_of(*(member(f"m{number}", "a") for number in range(8)), package("a", "1.1"))
    assert to_text(diff(before, after))[-1] == "^ a 1.0 -> 1.1  (m0, m1, m2, m3, m4 and 3 more)"
