"""What is wrong in a manifest is told with its file, its line and what to do, and nothing changes."""

from __future__ import annotations

import pytest

from interlock import __version__
from interlock.core.sources.source import Registry
from tests.shop import Shop

COMMANDS = [("lock",), ("lock", "--check"), ("sync",), ("run", "python", "-c", "")]


def edit(shop: Shop, name: str, old: str, new: str) -> int:
    """Replace text in a member's manifest; gives the line where the new text begins."""
    path = shop.manifest(name) if name else shop.root / "pyproject.toml"
    text = path.read_text()
    assert old in text, text
    at = text.index(old)
    path.write_text(text[:at] + new + text[at + len(old) :])
    return text[:at].count("\n") + 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_broken_toml_is_told_with_line_and_column(shop: Shop, command: tuple[str, ...]) -> None:
    line = edit(shop, "web", 'version = "1.0"', 'version = "1.0')
    said = shop.refuses(*command, error="broken-toml")
    assert f"packages/web/pyproject.toml:{line}:" in said.err
    assert "this is not valid TOML" in said.err


def test_an_unknown_key_comes_with_the_one_that_was_meant(shop: Shop) -> None:
    shop.write("pyproject.toml", '[tool.interlock]\nprerelase = "allow"\n[tool.interlock.workspace]\nmembers = ["x"]\n')
    said = shop.refuses("lock", error="invalid-manifest")
    assert "pyproject.toml:2: `tool.interlock.prerelase` is not a known key. Did you mean `prerelease`?" in said.err


def test_a_key_that_is_not_in_the_project_table(shop: Shop) -> None:
    line = edit(shop, "web", "dependencies = ", "dependancies = ")
    said = shop.refuses("lock", error="invalid-manifest")
    assert f"packages/web/pyproject.toml:{line}: `project.dependancies` is not a known key." in said.err
    assert "Did you mean `dependencies`?" in said.err


def test_a_member_without_a_name(shop: Shop) -> None:
    edit(shop, "web", 'name = "web"\n', "")
    said = shop.refuses("lock", error="invalid-manifest")
    assert "packages/web/pyproject.toml" in said.err
    assert "name" in said.err


def test_a_member_without_a_project(shop: Shop) -> None:
    shop.manifest("web").write_text("[tool.other]\nx = 1\n")
    said = shop.refuses("lock", error="member-without-project")
    assert "packages/web/pyproject.toml has no `[project]` table" in said.err
    assert "exclude" in said.err


def test_two_members_of_one_name(shop: Shop) -> None:
    edit(shop, "catalog", 'name = "catalog"', 'name = "Web"')
    said = shop.refuses("lock", error="duplicate-member")
    assert "Two members are called `web`: packages/catalog/pyproject.toml and packages/web/pyproject.toml." in said.err
    assert "hint: " in said.err


def _pinned(url: str) -> str:
    """Tables that pin flask to an index of this address, called corp."""
    return (
        "[tool.interlock.sources]\n"
        'flask = { index = "corp" }\n'
        f'[[tool.interlock.index]]\nname = "corp"\nurl = "{url}"\nexplicit = true\n'
    )


@pytest.mark.parametrize("root_too", [False, True])
def test_one_name_of_an_index_with_two_addresses(shop: Shop, root_too: bool) -> None:
    shop.member("one", "flask", lines=_pinned("https://one.test/simple/"))
    shop.member("two", "flask", lines=_pinned("https://user:secret@two.test/simple/"))
    if root_too:
        shop.manifest("one").unlink()
        shop.manifest("one").parent.rename(shop.root / "elsewhere")
        shop.write(
            "pyproject.toml",
            '[tool.interlock.workspace]\nmembers = ["packages/*"]\n' + _pinned("https://one.test/simple/"),
        )
    said = shop.refuses("lock", error="duplicate-index")
    first = "pyproject.toml" if root_too else "packages/one/pyproject.toml"
    assert (
        f"The index `corp` has two addresses: https://one.test/simple/ in {first} and https://two.test/simple/ in"
        " packages/two/pyproject.toml."
    ) in said.err
    assert "secret" not in said.err


def test_one_index_in_the_words_of_two_members(shop: Shop) -> None:
    address = shop.index.url.rstrip("/")
    shop.member("one", "flask", lines=_pinned(address))
    shop.member("two", "flask", lines=_pinned(address.replace("://", "://ann:x@") + "/"))
    shop.run("lock")
    [flask] = [package for package in shop.lock.packages if package.name == "flask"]
    assert flask.source == Registry(index="corp")


def test_a_member_that_is_required_without_saying_that_it_is_the_member(shop: Shop) -> None:
    edit(shop, "web", "catalog = { workspace = true }\n", "")
    shop.packages.wheel("catalog", "9.0")
    said = shop.refuses("lock", error="member-without-source")
    assert "`catalog` in dependencies of packages/web/pyproject.toml is a member of this workspace" in said.err
    assert "Add `catalog = { workspace = true }` to [tool.interlock.sources] in packages/web/pyproject.toml" in said.err
    assert not shop.index.paths("catalog")


def test_a_source_that_is_no_member(shop: Shop) -> None:
    edit(shop, "web", "catalog = { workspace", "flask = { workspace = true }\ncatalog = { workspace")
    said = shop.refuses("lock", error="source-not-member")
    assert "`flask` has the source `workspace = true` (packages/web/pyproject.toml)" in said.err


def test_an_extra_that_a_member_does_not_have(shop: Shop) -> None:
    edit(shop, "web", '"catalog"', '"catalog[fast]"')
    said = shop.refuses("lock", error="unknown-extra")
    assert "`catalog` has no extra `fast`" in said.err
    assert "packages/web/pyproject.toml" in said.err


def test_extras_and_groups_that_are_asked_for_and_not_there(shop: Shop) -> None:
    shop.run("lock")
    said = shop.refuses("sync", "--extra", "extr", code=2, error="no-such-extra")
    assert "Extra [extr] is not specified" in said.err
    assert "Did you mean `extra`?" in said.err
    said = shop.refuses("sync", "--group", "tests", code=2, error="no-such-group")
    assert "There is no dependency group `tests`" in said.err
    assert "Known groups: dev." in said.err
    said = shop.refuses("sync", "--package", "wob", code=2, error="unknown-member")
    assert "Did you mean `web`?" in said.err


def test_groups_that_include_each_other(shop: Shop) -> None:
    edit(
        shop,
        "web",
        'dev = ["checker"]',
        'dev = ["checker", { include-group = "test" }]\ntest = [{ include-group = "dev" }]',
    )
    said = shop.refuses("sync", error="group-cycle")
    assert "packages/web/pyproject.toml" in said.err
    assert "dev" in said.err
    assert "test" in said.err


def test_a_group_that_includes_one_that_is_not_there(shop: Shop) -> None:
    edit(shop, "web", 'dev = ["checker"]', 'dev = [{ include-group = "tset" }]\ntest = []')
    said = shop.refuses("sync")
    assert "packages/web/pyproject.toml" in said.err
    assert "tset" in said.err


@pytest.mark.parametrize(
    ("requirement", "evidence"),
    [
        ("flask>>3", "flask>>3"),
        ("flask >= 3 ; python_versio > '3'", "python_versio"),
        ("flask @ ht!tp://", "flask @ ht!tp://"),
        ("flask @ https:///a.whl", "its URL cannot be used: it names no host"),
        ("flask @ https://[::1/a.whl", "its URL cannot be used: Invalid IPv6 URL"),
        ("flask @ git+svn://host.test/a", "`svn://` is not supported"),
        ("flask[extra", "flask[extra"),
        ("-flask", "-flask"),
    ],
)
def test_a_requirement_that_is_none(shop: Shop, requirement: str, evidence: str) -> None:
    line = edit(shop, "web", '"flask"', f'"{requirement}"')
    said = shop.refuses("lock", error="invalid-manifest")
    assert f"packages/web/pyproject.toml:{line}: " in said.err
    assert "project.dependencies" in said.err
    assert evidence in said.err


@pytest.mark.parametrize(
    "source",
    ['{ url = "https://[::1/a.whl" }', '{ url = "gopher://x.test/a.whl" }', "{ path = 3 }", "{ brunch = 'x' }"],
)
def test_a_source_that_is_none(shop: Shop, source: str) -> None:
    line = edit(shop, "web", "catalog = { workspace", f"flask = {source}\ncatalog = {{ workspace")
    said = shop.refuses("lock", error="invalid-manifest")
    assert f"packages/web/pyproject.toml:{line}: `tool.interlock.sources.flask" in said.err


def test_an_index_that_has_no_address(shop: Shop) -> None:
    root = shop.root / "pyproject.toml"
    root.write_text(root.read_text() + '[[tool.interlock.index]]\nname = "own"\nurl = "https://ann:secret@[::1/"\n')
    said = shop.refuses("lock", error="invalid-manifest")
    assert "is `https://[::1/`, which is not the URL of an index" in said.err
    assert "secret" not in said.err


def test_a_python_range_that_is_none(shop: Shop) -> None:
    line = edit(shop, "web", 'requires-python = ">=3.11"', 'requires-python = "3.11 or so"')
    said = shop.refuses("lock", error="invalid-manifest")
    assert f"packages/web/pyproject.toml:{line}: `project.requires-python`" in said.err


def test_every_problem_of_a_file_is_told_at_once(shop: Shop) -> None:
    edit(shop, "web", '"flask"', '"flask>>3"')
    edit(shop, "web", 'requires-python = ">=3.11"', 'requires-python = "no"')
    said = shop.run("lock", "--json", code=1)
    document = said.json()["error"]
    assert document["code"] == "invalid-manifest"
    keys = {problem["key"] for problem in document["facts"]["problems"]}
    assert keys == {"project.dependencies", "project.requires-python"}


def test_an_interlock_that_is_too_old_says_so_before_anything_else(shop: Shop) -> None:
    shop.write(
        "pyproject.toml",
        '[tool.interlock]\nrequired-version = ">=99"\nkey-of-the-future = 1\n'
        '[tool.interlock.workspace]\nmembers = ["packages/*"]\n',
    )
    edit(shop, "web", 'name = "web"\n', "")
    said = shop.refuses("lock", error="required-version")
    assert "`required-version` of [tool.interlock] is `>=99`" in said.err


def test_the_version_of_uv_that_a_workspace_requires_is_not_ours(shop: Shop) -> None:
    shop.write(
        "pyproject.toml", '[tool.uv]\nrequired-version = ">=99"\n[tool.uv.workspace]\nmembers = ["packages/*"]\n'
    )
    shop.run("lock")


def test_there_is_no_project_here(shop: Shop) -> None:
    (shop.root / "pyproject.toml").unlink()
    said = shop.refuses("lock", error="no-project")
    assert "There is no `pyproject.toml` in" in said.err


def test_the_required_version_is_judged_when_the_manifest_is_known_already(shop: Shop) -> None:
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nrequired-version = ">={__version__}"\n{root.read_text()}')
    shop.run("lock")
    root.write_text(root.read_text().replace(f">={__version__}", ">=99"))
    for _ in range(2):
        said = shop.refuses("lock", "--check", error="required-version")
        assert f"this is Interlock {__version__}" in said.err
