"""What has to happen to an environment."""

from __future__ import annotations

import json

import pytest

from interlock.core.artifacts.artifact import Artifact
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.plan.plan import Installed, Plan, Wanted
from interlock.core.plan.planner import plan
from interlock.core.settings.name_set import EVERY, NameSet
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Source, Url

PYPI = Registry("pypi")
GIT = Git(url="https://host.test/a.git", commit="a" * 40)
URL = Url("https://host.test/a-1.0.tar.gz")


def want(
    name: str = "a",
    version: str = "1.0",
    source: Source = PYPI,
    *,
    editable: bool = False,
    digest: str = "",
    sha256: str = "",
) -> Wanted:
    return Wanted(
        name=NormalizedName(name),
        version=version,
        source=source,
        editable=editable,
        digest=digest,
        artifact=Artifact(filename=f"{name}.whl", sha256=sha256) if sha256 else None,
    )


def have(
    name: str = "a",
    version: str = "1.0",
    origin: dict[str, object] | None = None,
    *,
    editable: bool = False,
    digest: str = "",
    dist_info: str = "",
) -> Installed:
    return Installed(
        name=NormalizedName(name),
        version=version,
        dist_info=dist_info or f"{name}-{version}.dist-info",
        origin=json.dumps(origin) if origin else "",
        editable=editable,
        digest=digest,
    )


def git(url: str = "https://host.test/a", commit: str = "a" * 40, **more: object) -> dict[str, object]:
    return {"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}, **more}


def archive(url: str = URL.url, sha256: str = "") -> dict[str, object]:
    return {"url": url, "archive_info": {"hashes": {"sha256": sha256}} if sha256 else {}}


def tree(url: str = "file:///w/a", *, editable: bool = False) -> dict[str, object]:
    return {"url": url, "dir_info": {"editable": True} if editable else {}}


def reasons(result: Plan) -> list[tuple[str, str]]:
    return [(step.wanted.name, step.reason) for step in result.install]


def test_missing_stale_and_extra_distributions() -> None:
    result = plan(
        [want("c"), want("a"), want("b", "2.0")], [have("b", "1.0"), have("c"), have("x"), have("pip")], exact=True
    )
    assert reasons(result) == [("a", "missing"), ("b", "version")]
    assert result.install[1].replaces == have("b", "1.0")
    assert result.remove == (have("x"),)
    assert result.keep == (have("c"), have("pip"))


def test_only_an_exact_plan_removes() -> None:
    assert plan([want()], [have(), have("x")], exact=False) == Plan(keep=(have(), have("x")))
    assert plan([want()], [have()], exact=True).is_empty


def test_seeds_can_be_removed_and_upgraded() -> None:
    assert plan([], [have("pip")], exact=True, keep=()).remove == (have("pip"),)
    assert reasons(plan([want("pip", "2.0")], [have("pip")], exact=True)) == [("pip", "version")]


def test_equal_versions_in_other_words() -> None:
    assert plan([want(version="1.0.post1")], [have(version="1.0.0-1")], exact=True).is_empty
    assert plan([want(version="")], [have(version="7")], exact=True).is_empty
    assert reasons(plan([want(version="1.0")], [have(version="1.0+cpu")], exact=True)) == [("a", "version")]
    assert reasons(plan([want(version="1.0")], [have(version="garbage")], exact=True)) == [("a", "version")]


@pytest.mark.parametrize(
    ("wanted", "installed", "reason"),
    [
        (want(), have(), ""),
        (want(), have(origin=git()), "source"),
        (want(), have(origin=archive()), "source"),
        (want(), have(editable=True, origin=tree(editable=True)), "source"),
        (want(source=GIT), have(), "source"),
        (want(source=GIT), have(origin=git()), ""),
        (want(source=GIT), have(origin=git(commit="b" * 40)), "source"),
        (want(source=GIT), have(origin=git(url="https://other.test/a")), "source"),
        (want(source=GIT), have(origin=git(subdirectory="x")), "source"),
        (want(source=GIT), have(origin=archive()), "source"),
        (want(source=URL), have(origin=archive()), ""),
        (want(source=URL), have(origin=archive(URL.url + "#sha256=00")), ""),
        (want(source=URL, sha256="aa"), have(origin=archive(sha256="aa")), ""),
        (want(source=URL, sha256="aa"), have(origin=archive(sha256="bb")), "source"),
        (want(source=URL), have(origin=archive("https://other.test/a.tar.gz")), "source"),
        (want(source=URL), have(origin=git()), "source"),
        (want(source=File("dist/a.whl")), have(origin=archive("file:///w/dist/a.whl")), ""),
        (want(source=Directory("a")), have(origin=tree()), ""),
        (want(source=Directory("a"), editable=True), have(origin=tree()), "source"),
        (want(source=Member(NormalizedName("a")), editable=True), have(editable=True, origin=tree(editable=True)), ""),
        (want(source=Member(NormalizedName("a"))), have(), "source"),
        (want(source=Directory("a"), digest="d1"), have(origin=tree(), digest="d1"), ""),
        (want(source=Directory("a"), digest="d2"), have(origin=tree(), digest="d1"), "changed"),
        (want(source=Directory("a")), have(origin=tree(), digest="d1"), ""),
    ],
)
def test_the_source_is_part_of_being_installed(wanted: Wanted, installed: Installed, reason: str) -> None:
    assert reasons(plan([wanted], [installed], exact=True)) == ([("a", reason)] if reason else [])


def test_unreadable_origins_are_another_source() -> None:
    for origin in ("{", "[]", '{"url": 1}'):
        broken = Installed(name=NormalizedName("a"), version="1.0", dist_info="a", origin=origin)
        assert reasons(plan([want(source=URL)], [broken], exact=True)) == [("a", "source")]


def test_a_tree_that_moved_is_another_source() -> None:
    wanted = want(source=Member(NormalizedName("a")), editable=True)
    installed = have(editable=True, origin=tree("file:///old/a", editable=True))
    here = {NormalizedName("a"): "file:///old/a/"}
    moved = {NormalizedName("a"): "file:///new/a"}
    assert plan([wanted], [installed], exact=True, locations=here).is_empty
    assert reasons(plan([wanted], [installed], exact=True, locations=moved)) == [("a", "source")]


def test_reinstalling_some_or_all() -> None:
    both = [want("a"), want("b")]
    there = [have("a"), have("b")]
    assert reasons(plan(both, there, exact=True, reinstall=NameSet.of([normalize_name("b")]))) == [("b", "reinstall")]
    assert reasons(plan(both, there, exact=True, reinstall=EVERY)) == [("a", "reinstall"), ("b", "reinstall")]


def test_a_second_dist_info_of_a_name_goes() -> None:
    old, new = have(version="0.9"), have()
    result = plan([want()], [new, old], exact=False)
    assert result.remove == (old,)
    assert reasons(result) == [("a", "reinstall")]
    assert result.install[0].replaces == new


@pytest.mark.parametrize(
    ("wanted", "origin", "fits"),
    [
        (want(source=Git(url=GIT.url, commit=GIT.commit, lfs=True)), git(), False),
        (want(source=URL, sha256="ab" * 32), {"url": URL.url, "archive_info": {"hash": f"sha256={'ab' * 32}"}}, True),
        (want(source=URL, sha256="cd" * 32), {"url": URL.url, "archive_info": {"hash": f"sha256={'ab' * 32}"}}, False),
    ],
)
def test_files_of_git_lfs_and_the_older_form_of_a_hash_are_told_apart(
    wanted: Wanted, origin: dict[str, object], fits: bool
) -> None:
    found = plan([wanted], [have(origin=origin)], exact=True)
    assert (found.install == ()) is fits
