from __future__ import annotations

import pytest

from interlock.core.manifests.cache_keys import CacheKey
from interlock.core.manifests.manifest import ConflictItem, ToolSettings
from interlock.core.manifests.parse import parse_manifest
from interlock.core.manifests.problems import InvalidManifest
from interlock.core.names import ExtraName, GroupName, NormalizedName


def settings(text: str, *, project: bool = True) -> ToolSettings:
    head = '[project]\nname = "a"\nversion = "1"\n' if project else ""
    return parse_manifest((head + "[tool.uv]\n" + text).encode(), path=".", file="pyproject.toml").settings


def test_indexes_keep_their_order_and_the_default_comes_last() -> None:
    found = settings(
        """
[[tool.uv.index]]
url = "https://main.test/simple/"
default = true
[[tool.uv.index]]
name = "torch"
url = "https://torch.test/simple/"
explicit = true
authenticate = "always"
ignore-error-codes = [403]
[[tool.uv.index]]
name = "flat"
url = "./wheels"
format = "flat"
"""
    ).indexes
    assert [(index.name, index.default, index.explicit, index.flat) for index in found] == [
        ("torch", False, True, False),
        ("flat", False, False, True),
        ("pypi", True, False, False),
    ]
    assert found[0].ignore_error_codes == (403,)
    assert found[1].url == "wheels"


def test_an_index_without_a_name_is_called_by_its_position_not_its_host() -> None:
    found = settings('[[tool.uv.index]]\nurl = "https://secret-host.test/simple/"\n').indexes
    assert found[0].name == "index-1"


def test_older_spellings_of_indexes() -> None:
    found = settings('index-url = "https://a.test/"\nextra-index-url = ["https://b.test/"]\nfind-links = ["../w"]\n')
    assert [(index.name, index.url) for index in found.indexes] == [
        ("extra-1", "https://b.test/"),
        ("pypi", "https://a.test/"),
    ]
    assert found.find_links == ("../w",)


def test_conflicts_mean_the_declaring_project_unless_they_name_another() -> None:
    found = settings("conflicts = [[{extra = 'Cpu'}, {extra = 'gpu'}, {package = 'B', group = 'x'}]]\n").conflicts
    a, b = NormalizedName("a"), NormalizedName("b")
    assert found == (
        (
            ConflictItem(a, extra=ExtraName("cpu")),
            ConflictItem(a, extra=ExtraName("gpu")),
            ConflictItem(b, group=GroupName("x")),
        ),
    )


def test_scalars_and_lists() -> None:
    found = settings(
        """
environments = "sys_platform == 'linux'"
required-environments = ["sys_platform == 'darwin'"]
constraint-dependencies = ["x<2"]
override-dependencies = ["y==1", {package = {name = "z"}, dependencies = ["q"]}]
exclude-dependencies = ["Bad_One"]
build-constraint-dependencies = ["setuptools<78"]
prerelease = "if-necessary-or-explicit"
prerelease-package = {Foo = "allow", bar = "disallow"}
resolution = "lowest-direct"
fork-strategy = "fewest"
exclude-newer = "7 days"
exclude-newer-package = {Foo = "2024-01-01", bar = false}
no-build-package = ["x"]
no-binary = true
config-settings = {a = "1", b = ["x", "y"], c = true}
config-settings-package = {Foo = {a = "1"}}
extra-build-dependencies = {foo = ["torch", {requirement = "cuda", match-runtime = true}]}
dependency-metadata = [{name = "x", version = "1", requires-dist = ["y"]}]
link-mode = "copy"
required-version = ">=0.1"
cache-keys = ["a.txt", {git = true}]
"""
    )
    assert found.environments == ('sys_platform == "linux"',)
    assert [requirement.name for requirement in found.overrides] == ["y"]
    (scoped,) = found.scoped_overrides
    assert (scoped.package, scoped.specifier, [item.name for item in scoped.requirements]) == ("z", "", ["q"])
    assert found.excludes == ("bad-one",)
    assert found.prerelease == "if-necessary"
    assert found.prerelease_package == {"foo": "allow", "bar": "disallow"}
    assert (found.resolution, found.fork_strategy, found.link_mode) == ("lowest-direct", "fewest", "copy")
    assert found.exclude_newer_package == {"foo": "2024-01-01", "bar": ""}
    assert found.config_settings == {"a": "1", "b": ["x", "y"], "c": "true"}
    assert [requirement.name for requirement in found.extra_build_dependencies[NormalizedName("foo")]] == [
        "torch",
        "cuda",
    ]
    assert found.cache_keys == (CacheKey("commit"), CacheKey("file", "a.txt"))


@pytest.mark.parametrize(
    "text",
    [
        "resolution = 'newest'",
        "environments = ['nonsense marker']",
        "conflicts = [[{extra = 'a'}]]",
        "conflicts = [[{extra = 'a', group = 'b'}, {extra = 'c'}]]",
        "conflicts = ['a']",
        "constraint-dependencies = ['x y']",
        "index = [{name = 'x'}]",
        "index = [{name = 'x', url = 'https://a.test'}, {name = 'x', url = 'https://b.test'}]",
        "index = [{name = 'x', url = 'ftp://a.test'}]",
        "index = [{name = 'x', url = 'https://a.test', nonsense = 1}]",
        "required-version = 'one'",
        "no-build = 'yes'",
        "exclude-dependencies = ['not a name']",
        "dependency-groups = {g = {requires = '3'}}",
        "dependency-groups = {g = {requires-python = 'x'}}",
        "default-groups = ['not a name']",
        "managed = 1",
        "dependency-metadata = [{version = '1'}]",
        "dependency-metadata = [{name = 'a b'}]",
        "dependency-metadata = [{name = 'a', version = 'one'}]",
        "dependency-metadata = [{name = 'a', provides-extra = 'x'}]",
        "exclude-newer-package = {x = 3}",
        'prerelease-package = {x = "perhaps"}',
        "extra-build-dependencies = {x = 'y'}",
    ],
)
def test_bad_values_are_problems_with_a_line(text: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        settings(text + "\n")
    assert all(problem.line == 5 for problem in caught.value.problems)


def test_a_conflict_at_a_virtual_root_has_to_name_its_package() -> None:
    with pytest.raises(InvalidManifest, match="does not name its `package`"):
        settings("conflicts = [[{extra = 'a'}, {extra = 'b'}]]\n", project=False)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('[{ flie = "a" }]', "did you mean `file`"),
        ('[{ env = "" }]', "not a text"),
        ("[{ git = 3 }]", "neither true nor a table"),
        ('"a.txt"', "must be a list"),
    ],
)
def test_cache_keys_that_cannot_be_used_are_told(value: str, problem: str) -> None:
    with pytest.raises(InvalidManifest, match=f"(?i){problem}"):
        settings(f"cache-keys = {value}\n")


def test_an_override_of_one_package_names_it() -> None:
    (found,) = settings(
        'override-dependencies = [{ package = { name = "Z.z", version = "1.0" }, dependencies = ["q>=2"] }]\n'
    ).scoped_overrides
    assert (found.package, found.specifier) == ("z-z", "==1.0")
    for text in ('{ dependencies = ["q"] }', '{ package = { name = "z", version = "!" }, dependencies = [] }'):
        with pytest.raises(InvalidManifest, match="override-dependencies"):
            settings(f"override-dependencies = [{text}]\n")


def test_what_counts_in_the_root_alone_is_warned_of_in_a_member() -> None:
    text = (
        '[project]\nname = "a"\nversion = "1"\n[tool.interlock]\nenv = "member"\nno-build = true\ncache-keys = ["a"]\n'
    )
    text += '[tool.interlock.version]\ndependents = "patch"\n'
    assert parse_manifest(text.encode(), path="a", file="a/pyproject.toml").warnings == tuple(
        f"a/pyproject.toml: `tool.interlock.{key}` only counts in the workspace root; here it does nothing."
        for key in ("no-build", "env", "version")
    )
    assert not parse_manifest(text.encode(), path=".", file="pyproject.toml").warnings


def test_tables_that_later_commands_read_have_no_key_that_nobody_reads() -> None:
    text = '[tool.interlock.version]\ndependants = "patch"\n[tool.interlock.build]\nepoch = 1\n'
    text += '[tool.interlock]\naffected = 3\npublish = "no"\npolicy = "strict"\n'
    with pytest.raises(InvalidManifest) as caught:
        parse_manifest(text.encode(), path=".", file="pyproject.toml")
    for said in (
        "`tool.interlock.version.dependants` is not a known key. Did you mean `dependents`?",
        "`tool.interlock.build.epoch` is not a known key.",
        "`tool.interlock.affected` must be a table.",
        "`tool.interlock.publish` must be true or false.",
        "`tool.interlock.policy` is not a known key.",
    ):
        assert said in caught.value.message
