from __future__ import annotations

from pathlib import Path

import pytest

from interlock.core.markers.diagram import parse_marker
from interlock.core.members.asks import Ask, Limits, MemberAsks
from interlock.core.names import ExtraName, GroupName, NormalizedName
from interlock.core.requirements.requirement import format_requirement
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Url
from interlock.resolution.limits import lower_limits
from interlock.resolution.lowering import (
    ConflictingSources,
    MemberWithoutSource,
    SourceNotMember,
    UnknownExtra,
    UnknownSourceIndex,
    lower,
)
from interlock.workspace.discovery import discover
from interlock.workspace.members import VIRTUAL_ROOT
from tests.trees import project, write

ROOT = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'
B = ("[tool.uv.sources]", "b = { workspace = true }")


def asked(base: Path, **members: str) -> dict[str, MemberAsks]:
    workspace = discover(write(base, **{"root": ROOT, **members}))
    return {str(asks.name): asks for asks in lower(workspace)}


def texts(asks: tuple[Ask, ...]) -> list[str]:
    return [format_requirement(ask.requirement) for ask in asks]


def test_every_table_is_lowered_with_its_origin(tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        packages__a=project(
            "a",
            'requires-python = ">=3.9"',
            'dependencies = ["x>=1"]',
            'optional-dependencies = {e = ["y"]}',
            '[dependency-groups]\ng = ["z", {include-group = "h"}]\nh = ["w"]',
            '[tool.uv.dependency-groups]\ng = {requires-python = ">=3.12"}',
        ),
    )["a"]
    assert (found.path, found.version, found.requires_python, found.package) == ("packages/a", "1.0", ">=3.9", False)
    (x,) = found.dependencies
    assert (x.requirement.name, x.source, x.origin.table, x.origin.text) == ("x", None, "dependencies", "x>=1")
    assert {extra: texts(asks) for extra, asks in found.extras.items()} == {"e": ["y"]}
    assert {group: texts(asks) for group, asks in found.groups.items()} == {"g": ["z", "w"], "h": ["w"]}
    assert found.groups[next(iter(found.groups))][1].origin.table == "group:g"
    assert list(found.group_requires_python.values()) == [">=3.12"]


def test_a_virtual_root_with_groups_asks_too(tmp_path: Path) -> None:
    found = asked(tmp_path, root=ROOT + "[dependency-groups]\ndev = ['x']\n", packages__a=project("a"))
    assert list(found) == [VIRTUAL_ROOT, "a"]
    assert texts(next(iter(found[VIRTUAL_ROOT].groups.values()))) == ["x"]


def test_a_member_is_the_member(tmp_path: Path) -> None:
    found = asked(tmp_path, packages__a=project("a", 'dependencies = ["B>=1"]', *B), packages__b=project("b"))
    (ask,) = found["a"].dependencies
    assert ask.source == Member(ask.requirement.name)
    assert ask.editable is None


@pytest.mark.parametrize(
    ("lines", "table"),
    [
        (('dependencies = ["b"]',), "dependencies"),
        (('optional-dependencies = {x = ["b"]}',), "extra x"),
        (("[dependency-groups]", 'dev = ["b"]'), "group dev"),
        (('dependencies = ["b"]', "[tool.uv.sources]", "b = { index = 'pypi' }"), "dependencies"),
        (('dependencies = ["b"]', "[tool.uv.sources]", "b = { workspace = true, extra = 'x' }"), "dependencies"),
    ],
)
def test_a_member_name_without_a_source_is_an_error_with_the_line_to_add(
    tmp_path: Path, lines: tuple[str, ...], table: str
) -> None:
    with pytest.raises(MemberWithoutSource) as caught:
        asked(tmp_path, packages__a=project("a", *lines), packages__b=project("b"))
    assert f"`b` in {table} of packages/a/pyproject.toml" in str(caught.value)
    hint = "Add `b = { workspace = true }` to [tool.uv.sources] in packages/a/pyproject.toml."
    assert caught.value.hint == hint


def test_the_line_to_add_is_in_the_dialect_of_the_workspace(tmp_path: Path) -> None:
    root = ROOT.replace("uv", "interlock")
    with pytest.raises(MemberWithoutSource) as caught:
        asked(tmp_path, root=root, packages__a=project("a", 'dependencies = ["b"]'), packages__b=project("b"))
    assert "[tool.interlock.sources]" in (caught.value.hint or "")


def test_a_workspace_source_for_what_is_no_member_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceNotMember, match="Did you mean `bb`"):
        asked(tmp_path, packages__a=project("a", 'dependencies = ["b"]', *B), packages__c=project("bb"))


def test_a_members_entry_replaces_the_roots_whole_entry(tmp_path: Path) -> None:
    root = ROOT + "[tool.uv.sources]\nx = { path = 'vendor/x' }\ny = { git = 'https://h.test/y' }\n"
    own = ("[tool.uv.sources]", "x = { path = 'own', marker = \"sys_platform == 'win32'\" }")
    found = asked(tmp_path, root=root, packages__a=project("a", 'dependencies = ["x", "y"]', *own))["a"]
    first, rest, y = found.dependencies
    assert first.source == Directory(path="packages/a/own")
    assert first.requirement.marker == 'sys_platform == "win32"'
    assert rest.source is None
    assert parse_marker(rest.requirement.marker) is ~parse_marker("sys_platform == 'win32'")
    assert y.source == Git(url="https://h.test/y")


def test_rules_split_by_marker_get_one_ask_each_and_no_more_when_they_cover_everything(tmp_path: Path) -> None:
    text = project(
        "a",
        "dependencies = [\"x>1 ; python_version < '3.12'\"]",
        "[tool.uv]",
        "index = [{name = 'i', url = 'https://i.test/'}, {name = 'j', url = 'https://j.test/'}]",
        "[tool.uv.sources]",
        "x = [{index = 'i', marker = \"os_name == 'nt'\"}, {index = 'j', marker = \"os_name != 'nt'\"}]",
    )
    first, second = asked(tmp_path, packages__a=text)["a"].dependencies
    assert (first.source, second.source) == (Registry("i"), Registry("j"))
    assert first.requirement.specifier == ">1"
    both = parse_marker("python_version < '3.12' and os_name == 'nt'")
    assert parse_marker(first.requirement.marker) is both


def test_a_member_is_not_looked_up_where_no_source_holds(tmp_path: Path) -> None:
    lines = ('dependencies = ["b"]', "[tool.uv.sources]", "b = { workspace = true, marker = \"os_name == 'nt'\" }")
    with pytest.raises(MemberWithoutSource, match="where `sys_platform != 'win32'` holds"):
        asked(tmp_path, packages__a=project("a", *lines), packages__b=project("b"))
    covered = "dependencies = [\"b ; os_name == 'nt'\"]"
    found = asked(tmp_path, packages__a=project("a", covered, *lines[1:]), packages__b=project("b"))
    assert len(found["a"].dependencies) == 1


def test_rules_for_an_extra_or_a_group_count_there_only(tmp_path: Path) -> None:
    text = project(
        "a",
        'dependencies = ["x"]',
        'optional-dependencies = {cpu = ["x"], gpu = ["x"]}',
        '[dependency-groups]\ncpu = ["x"]',
        "[tool.uv.sources]",
        "x = [{url = 'https://h.test/c.whl', extra = 'CPU'}, {url = 'https://h.test/g.whl', group = 'cpu'}]",
    )
    found = asked(tmp_path, packages__a=text)["a"]
    assert found.dependencies[0].source is None
    sources = {extra: [ask.source for ask in asks] for extra, asks in found.extras.items()}
    assert sources == {"cpu": [Url("https://h.test/c.whl")], "gpu": [None]}
    assert [ask.source for asks in found.groups.values() for ask in asks] == [Url("https://h.test/g.whl")]


def test_direct_references_become_sources(tmp_path: Path) -> None:
    text = project(
        "a",
        "dependencies = [",
        '  "g @ git+https://h.test/g@v1",',
        '  "u @ https://h.test/u-1.tar.gz",',
        f'  "f @ file://{tmp_path.as_posix()}/wheels/f-1-py3-none-any.whl",',
        f'  "d @ file://{tmp_path.as_posix()}/vendor/d",',
        f'  "b @ file://{tmp_path.as_posix()}/packages/b",',
        "]",
    )
    found = asked(tmp_path, packages__a=text, packages__b=project("b"))["a"]
    assert [ask.source for ask in found.dependencies] == [
        Git(url="https://h.test/g", reference="rev:v1"),
        Url("https://h.test/u-1.tar.gz"),
        File("wheels/f-1-py3-none-any.whl"),
        Directory("vendor/d"),
        Member(found.dependencies[4].requirement.name),
    ]
    assert all(not ask.requirement.url for ask in found.dependencies)


def test_an_absolute_path_becomes_relative_to_the_root(tmp_path: Path) -> None:
    lines = ('dependencies = ["x"]', "[tool.uv.sources]", f"x = {{ path = '{tmp_path.as_posix()}/vendor/x' }}")
    found = asked(tmp_path, packages__a=project("a", *lines))["a"]
    assert found.dependencies[0].source == Directory("vendor/x")


def test_a_url_and_a_source_are_in_conflict(tmp_path: Path) -> None:
    lines = ('dependencies = ["x @ https://h.test/x.whl"]', "[tool.uv.sources]", "x = { path = 'x' }")
    with pytest.raises(ConflictingSources):
        asked(tmp_path, packages__a=project("a", *lines))


def test_a_tower_of_extras_is_expanded_at_once(tmp_path: Path) -> None:
    storeys = [f'e{n} = ["a[e{n - 1}] ; os_name == \'nt\'", "a[e{n - 2}]"]' for n in range(2, 200)]
    extras = ["[project.optional-dependencies]", 'e0 = ["p"]', 'e1 = ["q"]', *storeys]
    found = asked(tmp_path, packages__a=project("a", *extras))["a"]
    assert sorted(texts(found.extras[ExtraName("e199")])) == ['p ; os_name == "nt"', "q"]


def test_a_chain_of_a_thousand_extras_is_followed(tmp_path: Path) -> None:
    storeys = [f'e{n} = ["a[e{n - 1}]"]' for n in range(1, 1200)]
    extras = ["[project.optional-dependencies]", "e0 = [\"p ; os_name == 'nt'\"]", *storeys]
    found = asked(tmp_path, packages__a=project("a", 'dependencies = ["a[e1199]"]', *extras))["a"]
    assert texts(found.dependencies) == ['p ; os_name == "nt"']


def test_references_to_own_extras_are_expanded_without_end(tmp_path: Path) -> None:
    text = project(
        "a",
        'dependencies = ["a"]',
        "[project.optional-dependencies]",
        'x = ["p"]',
        'y = ["q ; os_name == \'nt\'", "A[x] ; python_version < \'3.11\'", "a[all]"]',
        'all = ["a[x,y]"]',
    )
    found = asked(tmp_path, packages__a=text)["a"]
    assert found.dependencies == ()
    extras = {str(extra): texts(asks) for extra, asks in found.extras.items()}
    assert extras["x"] == ["p"]
    assert extras["y"] == ['q ; os_name == "nt"', "p"]  # what `a[all]` leads to without a condition
    assert extras["all"] == ["p", 'q ; os_name == "nt"']


def test_a_group_that_names_its_project_asks_for_the_member(tmp_path: Path) -> None:
    text = project("a", 'optional-dependencies = {x = ["p"]}', '[dependency-groups]\ndev = ["a[x]"]')
    (asks,) = asked(tmp_path, packages__a=text)["a"].groups.values()
    assert texts(asks) == ["a[x]"]
    assert asks[0].source == Member(asks[0].requirement.name)


@pytest.mark.parametrize("lines", [('optional-dependencies = {x = ["a[y]"]}',), ('dependencies = ["b[xx]"]', *B)])
def test_an_extra_that_a_member_does_not_have_is_an_error(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(UnknownExtra, match="has no extra"):
        asked(
            tmp_path, packages__a=project("a", *lines), packages__b=project("b", 'optional-dependencies = {x = ["p"]}')
        )


def test_extras_of_a_member_that_builds_them_are_not_judged(tmp_path: Path) -> None:
    lines = ('dependencies = ["b[any]"]', *B)
    b = project("b", 'dynamic = ["optional-dependencies"]')
    found = asked(tmp_path, packages__a=project("a", *lines), packages__b=b)
    assert texts(found["a"].dependencies) == ["b[any]"]


def test_a_group_that_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    text = project("a", "[dependency-groups]", "bad = ['no way!']", "loop = [{include-group = 'loop'}]", "fine = ['x']")
    assert list(asked(tmp_path, packages__a=text)["a"].groups) == ["fine"]


def test_an_index_has_to_be_declared(tmp_path: Path) -> None:
    lines = ('dependencies = ["x"]', "[tool.uv.sources]", "x = { index = 'trch' }")
    root = ROOT + "[[tool.uv.index]]\nname = 'torch'\nurl = 'https://t.test/'\n"
    with pytest.raises(UnknownSourceIndex, match="Did you mean `torch`"):
        asked(tmp_path, root=root, packages__a=project("a", *lines))


def test_an_index_that_a_member_defines_for_itself_is_explicit(tmp_path: Path) -> None:
    text = project(
        "a",
        'dependencies = ["x"]',
        "[[tool.uv.index]]\nname = 'torch'\nurl = 'https://t.test/'",
        "[tool.uv.sources]\nx = { index = 'torch' }",
    )
    workspace = discover(write(tmp_path, root=ROOT, packages__a=text))
    assert [(index.name, index.explicit) for index in workspace.settings.indexes] == [("torch", True)]
    assert workspace.warnings == ()
    assert lower(workspace)[0].dependencies[0].source == Registry("torch")


# ---- what the root says of everybody's requirements ---------------------------------------------------------------


def limits(base: Path, lines: str, **members: str) -> Limits:
    workspace = discover(write(base, **{"root": ROOT + lines, **members}))
    return lower_limits(workspace, workspace.settings)


@pytest.mark.parametrize(
    ("said", "sources", "expected"),
    [
        ("x<2", "", [("x<2", None)]),
        ("x<2", 'x = { path = "vendor/x" }', [("x<2", Directory("vendor/x"))]),
        ("x<2", 'x = { index = "corp" }', [("x<2", Registry("corp"))]),
        ("x[e]<2", 'x = { git = "https://git.test/x" }', [("x[e]<2", Git(url="https://git.test/x"))]),
        (
            "x<2",
            "x = [{ index = 'corp', marker = \"os_name == 'nt'\" }]",
            [('x<2 ; os_name == "nt"', Registry("corp")), ("x<2 ; sys_platform != 'win32'", None)],
        ),
        ("x<2", 'x = [{ index = "corp", extra = "e" }, { index = "corp", group = "g" }]', [("x<2", None)]),
        (
            "x @ https://files.test/x-1.0.tar.gz",
            'x = { index = "corp" }',
            [("x @ https://files.test/x-1.0.tar.gz", Url("https://files.test/x-1.0.tar.gz"))],
        ),
        ("b<2", "", [("b<2", None)]),
        ("b<2", "b = { workspace = true }", [("b<2", Member(NormalizedName("b")))]),
        ("b @ file:packages/b", "", [("b @ file:packages/b", Member(NormalizedName("b")))]),
    ],
)
def test_constraints_and_overrides_follow_the_roots_sources(
    tmp_path: Path, said: str, sources: str, expected: list[tuple[str, object]]
) -> None:
    index = '[[tool.uv.index]]\nname = "corp"\nurl = "https://index.test/simple/"\nexplicit = true\n'
    scoped = f'{{ package = {{ name = "z" }}, dependencies = ["{said}"] }}'
    keys = f'[tool.uv]\nconstraint-dependencies = ["{said}"]\noverride-dependencies = ["{said}", {scoped}]\n'
    found = limits(tmp_path, f"{keys}[tool.uv.sources]\n{sources}\n{index}", packages__b=project("b"))
    (one,) = found.scoped
    for asks in (found.constraints, found.overrides, one.asks):
        assert [(format_requirement(ask.requirement), ask.source) for ask in asks] == expected


def test_a_limit_from_an_index_nobody_declares(tmp_path: Path) -> None:
    lines = '[tool.uv]\nconstraint-dependencies = ["x<2"]\n[tool.uv.sources]\nx = { index = "corp" }\n'
    with pytest.raises(UnknownSourceIndex, match="`x<2` in constraint of"):
        limits(tmp_path, lines)


def test_what_of_a_marker_an_override_leaves(tmp_path: Path) -> None:
    """What sources and references to own extras say; not what the requirement says itself."""
    found = asked(
        tmp_path,
        packages__a=project(
            "a",
            "dependencies = [\"x ; python_version < '3.12'\", \"a[e] ; os_name == 'nt'\"]",
            "optional-dependencies.e = [\"y ; python_version < '3.13'\", \"a[f] ; platform_machine == 'arm64'\"]",
            'optional-dependencies.f = ["w"]',
            "[tool.uv.sources]\nx = [{ url = 'https://files.test/x.tar.gz', marker = \"sys_platform == 'linux'\" }]",
        ),
    )["a"]
    told = [(str(ask.requirement.name), parse_marker(ask.condition)) for ask in found.dependencies]
    assert told == [
        ("x", parse_marker("sys_platform == 'linux'")),
        ("x", parse_marker("sys_platform != 'linux'")),
        ("y", parse_marker("os_name == 'nt'")),
        ("w", parse_marker("os_name == 'nt' and platform_machine == 'arm64'")),
    ]


@pytest.mark.parametrize(
    ("tables", "table", "expected"),
    [
        ("optional-dependencies = {all = ['a[x]'], x = ['s']}", "all", {"s": "of-x"}),
        ("optional-dependencies = {all = ['s', 'a[y]'], y = ['w']}", "all", {"s": "of-all", "w": None}),
        ("optional-dependencies = {all = ['a[y]'], y = ['s']}", "all", {"s": "of-all"}),
        ("[dependency-groups]\nall = [{include-group = 'x'}]\nx = ['s']", "all", {"s": "of-group-x"}),
        (
            "[dependency-groups]\nall = [{include-group = 'y'}]\ny = [{include-group = 'x'}]\nx = ['s']",
            "all",
            {"s": "of-group-x"},
        ),
        ("[dependency-groups]\nall = [{include-group = 'y'}]\ny = ['s']", "all", {"s": "of-group-all"}),
        ("[dependency-groups]\nx = [{include-group = 'y'}, 's']\ny = ['w']", "x", {"s": "of-group-x", "w": None}),
    ],
)
def test_what_is_included_has_the_sources_of_the_table_it_is_written_in(
    tmp_path: Path, tables: str, table: str, expected: dict[str, str | None]
) -> None:
    """Else, as for a private package of an extra that another extra refers to, a public index would be asked."""
    names = ("of-x", "of-all", "of-group-x", "of-group-all")
    index = "".join(f'[[tool.uv.index]]\nname = "{name}"\nurl = "https://{name}.test/"\n' for name in names)
    rules = [
        f"{{ index = '{name}', {'group' if 'group' in name else 'extra'} = '{name.rpartition('-')[2]}' }}"
        for name in names
    ]
    found = asked(
        tmp_path, root=ROOT + index, packages__a=project("a", tables, f"[tool.uv.sources]\ns = [{', '.join(rules)}]")
    )["a"]
    asks = found.groups[GroupName(table)] if "groups" in tables else found.extras[ExtraName(table)]
    assert {str(ask.requirement.name): getattr(ask.source, "index", None) for ask in asks} == expected
