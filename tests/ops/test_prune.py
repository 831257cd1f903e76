"""The part of a workspace that one member needs: as a container's context, and as an environment to ship."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from interlock.core.lock.codec import decode_lock
from interlock.core.toml.document import format_value
from tests.shop import Shop, snapshot
from tests.wheels import make_wheel


@pytest.fixture
def store(empty_shop: Shop) -> Shop:
    """``web`` needs ``catalog``, and ``checks`` for its tests; ``api`` and ``checks`` stand alone."""
    shop = empty_shop
    options = {"console_scripts": {"tool": "tool:main"}}
    module = b"import sys\ndef main():\n    print('tool', sys.prefix, *sys.argv[1:])\n"
    shop.packages.add(make_wheel("tool", "1.0", files={"tool.py": module}, entry_points=options))
    shop.member("catalog", "click")
    shop.member("checks", "checker")
    shop.member("api", "flask")
    shop.member(
        "web",
        "catalog",
        "jinja",
        "tool",
        lines='[project.scripts]\nweb = "web:main"\n[dependency-groups]\ndev = ["checks"]\n'
        "[tool.interlock.sources.checks]\nworkspace = true\n",
    )
    shop.write("packages/web/web.py", 'import catalog, jinja\n\n\ndef main():\n    print("web", catalog.__file__)\n')
    shop.run("lock")
    return shop


def files(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())


def within(shop: Shop, place: Path, *arguments: str, code: int = 0) -> str:
    return shop.run("--directory", place, *arguments, code=code).err


def test_manifests_alone_are_enough_to_install_what_a_member_needs(store: Shop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    store.run("prune", "--package", "web", "--output", out)
    members = [f"packages/{name}/pyproject.toml" for name in ("catalog", "checks", "web")]
    assert files(out / "manifests") == ["interlock.lock", *members, "pyproject.toml"]
    place = out / "manifests"
    assert "up to date" in within(store, place, "lock", "--check")
    within(store, place, "sync", "--locked", "--package", "web", "--no-dev", "--no-install-workspace")
    assert store.installed(place / ".venv").keys() == {"click", "jinja", "safe", "tool"}


def test_the_full_part_is_a_workspace_of_its_own(store: Shop, tmp_path: Path) -> None:
    store.run("prune", "--package", "web", "--no-dev", "--output", tmp_path / "out")
    place = tmp_path / "out" / "full"
    assert sorted(path.name for path in (place / "packages").iterdir()) == ["catalog", "web"]
    shutil.rmtree(store.root)
    within(store, place, "sync", "--locked", "--package", "web", "--no-dev", "--no-editable")
    assert store.installed(place / ".venv").keys() == {"catalog", "click", "jinja", "safe", "tool", "web"}
    said = within(store, place, "sync", "--locked", "--package", "web", code=1)
    assert "The group `dev` of web is no part of this workspace" in said


def test_the_layer_stays_the_same_when_something_else_changes(store: Shop, tmp_path: Path) -> None:
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    before = snapshot(tmp_path / "out")
    manifest = store.manifest("api")
    manifest.write_text(manifest.read_text().replace('"flask"', '"flask<3.1", "checker"'))
    store.write("packages/api/api.py", "NAME = 'other'\n")
    store.member("more", "flask")
    store.run("lock")
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    assert snapshot(tmp_path / "out") == before
    store.write("packages/catalog/catalog.py", "NAME = 'other'\n")
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    after = snapshot(tmp_path / "out")
    assert {path for path in after if after[path] != before.get(path)} == {"full/packages/catalog/catalog.py"}


# ---- exactly what is needed ------------------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d", "e")
TABLES = ("", "x", "dev")


class Grid:
    """Five members that need each other as a seed says, and a root project that needs all of them."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.random = random.Random(seed)
        self.needs = {(name, table): self._chosen(name) for name in NAMES for table in TABLES}
        self.packages = {
            (name, table): self.random.sample(["click", "jinja", "safe", "checker"], self.random.randrange(2))
            for name in NAMES
            for table in TABLES
        }
        self.pythons = dict.fromkeys(NAMES, ">=3.11")
        self.settings = ""

    def __repr__(self) -> str:
        return f"Grid({self.needs})"

    def _chosen(self, name: str) -> list[tuple[str, bool]]:
        others = [other for other in NAMES if other != name]
        return [(other, self.random.random() < 0.4) for other in self.random.sample(others, self.random.randrange(2))]

    def write(self) -> None:
        for name in NAMES:
            lists = {table: self._list(name, table) for table in TABLES}
            self.shop.write(
                f"m/{name}/pyproject.toml",
                f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = "{self.pythons[name]}"\n'
                f"dependencies = {lists['']}\n[project.optional-dependencies]\nx = {lists['x']}\n"
                f"[dependency-groups]\ndev = {lists['dev']}\n[tool.uv]\npackage = false\n",
            )
        sources = "".join(f"{name} = {{ workspace = true }}\n" for name in NAMES)
        self.shop.write(
            "pyproject.toml",
            f'[project]\nname = "top"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = {list(NAMES)}\n'
            f'[tool.uv]\npackage = false\n{self.settings}\n[tool.uv.workspace]\nmembers = ["m/*"]\n'
            f"[tool.uv.sources]\n{sources}",
        )
        self.shop.run("lock")

    def _list(self, name: str, table: str) -> list[str]:
        members = [other + ("[x]" if extra else "") for other, extra in self.needs[name, table]]
        return [*members, *self.packages[name, table]]

    def closure(self, start: set[tuple[str, str]]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        while start:
            found |= start
            after = {
                (other, table) for at in start for other, extra in self.needs[at] for table in ("", "x")[: 1 + extra]
            }
            start = after - found
        return found


@pytest.mark.parametrize("seed", range(8))
def test_a_part_is_exactly_what_is_needed_and_stays_while_that_stays(
    empty_shop: Shop, tmp_path: Path, seed: int
) -> None:
    shop = empty_shop
    grid = Grid(shop, seed)
    grid.write()
    flags, start = grid.random.choice(
        [
            ((), {("a", ""), ("a", "dev")}),
            (("--no-dev",), {("a", "")}),
            (("--no-dev", "--extra", "x"), {("a", ""), ("a", "x")}),
            (("--only-group", "dev"), {("a", "dev")}),
        ]
    )
    needed = grid.closure(start)
    names = {name for name, _ in needed}
    asked = ("prune", "--package", "a", *flags, "--output")
    shop.run(*asked, tmp_path / "out")
    first = snapshot(tmp_path / "out")
    lock = decode_lock((tmp_path / "out" / "full" / "interlock.lock").read_bytes())
    for place in (tmp_path / "out" / "manifests", tmp_path / "out" / "full"):
        assert {path.parent.name for path in place.glob("m/*/pyproject.toml")} == names
        assert {member.name for member in lock.members} == names
        tables = {(m.name, t) for m in lock.members for t in (*m.extras, *m.groups)}
        assert tables == {(name, table) for name, table in needed if table}
        within(shop, place, "lock", "--offline")
        within(shop, place, "lock", "--check")
        within(shop, place, *asked, str(tmp_path / "again"))
        assert snapshot(tmp_path / "again") == first
    installed = {"click", "jinja", "safe", "checker"} & {p for at in needed for p in grid.packages[at]}
    assert installed <= {package.name for package in lock.packages}
    assert snapshot(tmp_path / "out") == first
    for name in set(NAMES) - names:
        grid.pythons[name] = ">=3.9"
        grid.packages[name, ""] = ["flask"]
        grid.needs[name, "x"] = [("a", True)]
    outside = {"checker", "click", "flask"} - {package.name for package in lock.packages}
    grid.settings = f"constraint-dependencies = {sorted(f'{name}<9' for name in outside)}"
    grid.write()
    shop.run(*asked, tmp_path / "out")
    assert snapshot(tmp_path / "out") == first


def test_a_root_that_is_needed_keeps_what_it_says_and_loses_what_is_about_others(
    empty_shop: Shop, tmp_path: Path
) -> None:
    shop = empty_shop
    shop.member("core", "click")
    shop.member("other", "flask")
    text = (
        '# ours\n[project]\nname = "top"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["core"]\n'
        'optional-dependencies.more = ["other"]\n[tool.ruff]\nline-length = 99\n[tool.interlock]\npackage = false\n'
        'constraint-dependencies = ["click<9", "flask<9"]\n[tool.interlock.workspace]\nmembers = ["packages/*"]\n'
        "[tool.interlock.sources]\ncore = { workspace = true }\nother = { workspace = true }\n"
    )
    shop.write("pyproject.toml", text)
    shop.run("lock")
    shop.run("prune", "--package", "top", "--output", tmp_path / "out")
    place = tmp_path / "out" / "full"
    expected = text.replace('["click<9", "flask<9"]', '["click<9"]').replace('["packages/*"]', '["packages/core"]')
    assert (place / "pyproject.toml").read_text() == expected.replace("other = { workspace = true }\n", "")
    within(shop, place, "lock", "--offline", "--check")
    within(shop, place, "sync", "--locked", "--package", "top")
    said = within(shop, place, "sync", "--locked", "--package", "top", "--extra", "more", code=1)
    assert said.startswith("error[left-out]: The extra `more` of top is no part of this workspace")


def test_what_forks_outside_leave_in_the_lock_is_gone(empty_shop: Shop, tmp_path: Path) -> None:
    """Two others ask for different versions by platform; the part only knows one."""
    shop = empty_shop
    shop.member("a", "flask")
    shop.run("lock")
    shop.run("prune", "--package", "a", "--output", tmp_path / "out")
    before = snapshot(tmp_path / "out")
    shop.member("b", "click<8.1 ; sys_platform == 'win32'", "checker ; sys_platform != 'win32'")
    shop.member("c", "safe<2.1 ; python_version < '3.12'", python=">=3.9")
    shop.run("lock")
    shop.run("prune", "--package", "a", "--output", tmp_path / "more")
    within(shop, tmp_path / "more" / "full", "lock", "--offline", "--check")
    shop.member("b", "flask")
    shop.member("c", "flask", python=">=3.9")
    shop.run("lock", "--upgrade")
    shop.run("prune", "--package", "a", "--output", tmp_path / "out")
    assert snapshot(tmp_path / "out") == before


def test_a_table_that_is_left_out_may_name_members_that_are_not_here(empty_shop: Shop, tmp_path: Path) -> None:
    shop = empty_shop
    shop.member("b", "flask")
    shop.member(
        "a",
        "click",
        lines='[project.optional-dependencies]\nx = ["b"]\n[dependency-groups]\ndev = ["b", "safe"]\n'
        "[tool.interlock.sources]\nb = { workspace = true }\n",
    )
    shop.run("lock")
    shop.run("prune", "--package", "a", "--no-dev", "--output", tmp_path / "out")
    place = tmp_path / "out" / "full"
    within(shop, place, "lock", "--offline")
    within(shop, place, "sync", "--locked", "--package", "a", "--no-dev")
    assert shop.installed(place / ".venv").keys() == {"a", "click"}
    assert shop.run("--directory", place, "check", "--json").json()["ok"]
    manifest = place / "packages" / "a" / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"click"', '"click", "safe"'))
    within(shop, place, "lock")
    lock = decode_lock((place / "interlock.lock").read_bytes())
    assert {package.name for package in lock.packages} == {"click", "safe"}
    assert lock.members[0].left_out == ("extra:x", "group:dev")
    within(shop, place, "lock", "--upgrade")


def test_the_groups_of_a_virtual_root_that_are_selected_are_in_the_part(empty_shop: Shop, tmp_path: Path) -> None:
    shop = empty_shop
    shop.write(
        "pyproject.toml",
        '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv]\ndev-dependencies = ["checker"]\n'
        'default-groups = ["dev", "docs"]\n[dependency-groups]\ndocs = [{ include-group = "base" }, "jinja"]\n'
        'base = ["safe"]\nother = ["flask"]\n',
    )
    shop.member("a", "click")
    shop.run("lock")
    shop.run("prune", "--output", tmp_path / "all")
    place = tmp_path / "all" / "full"
    within(shop, place, "lock", "--offline", "--check")
    within(shop, place, "sync", "--locked")
    assert shop.installed(place / ".venv").keys() == {"a", "checker", "click", "jinja", "safe"}
    assert "other" not in (place / "pyproject.toml").read_text()
    shop.run("prune", "--package", "a", "--group", "base", "--output", tmp_path / "base")
    lock = decode_lock((tmp_path / "base" / "full" / "interlock.lock").read_bytes())
    assert {package.name for package in lock.packages} == {"click", "safe"}
    within(shop, tmp_path / "base" / "full", "sync", "--locked", "--package", "a", "--group", "base")


def test_conflicts_of_others_are_gone_and_those_of_the_part_still_decide(empty_shop: Shop, tmp_path: Path) -> None:
    shop = empty_shop
    sides = "[project.optional-dependencies]\none = ['click==8.0']\ntwo = ['click==8.1']\n"
    shop.member("a", "checker", lines=sides)
    shop.member("b", "safe", lines=sides.replace("click==8", "jinja==3"))
    pairs = [[{"package": name, "extra": extra} for extra in ("one", "two")] for name in ("a", "b")]
    root = shop.root / "pyproject.toml"
    root.write_text(f"{root.read_text()}[tool.interlock]\nconflicts = {format_value(pairs)}\n")
    shop.run("lock")
    shop.run("prune", "--package", "a", "--extra", "one", "--output", tmp_path / "out")
    place = tmp_path / "out" / "full"
    assert "tool.interlock" in (place / "pyproject.toml").read_text()
    assert '"b"' not in (place / "interlock.lock").read_text()
    within(shop, place, "lock", "--offline", "--check")
    for flags, version in ((("--extra", "one"), "8.0"), ((), "8.1")):
        within(shop, place, "sync", "--locked", "--package", "a", *flags)
        assert shop.installed(place / ".venv")["click"] == version
    shop.run("prune", "--package", "b", "--output", tmp_path / "plain")
    lock = decode_lock((tmp_path / "plain" / "full" / "interlock.lock").read_bytes())
    assert {package.name for package in lock.packages} == {"safe"}


def test_what_git_ignores_is_left_out(store: Shop, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=store.root, check=True)
    store.write(".gitignore", "*.log\n")
    store.write("packages/web/today.log", "")
    store.write("packages/web/data.txt", "")
    store.run("prune", "--package", "web", "--output", tmp_path / "out")
    names = files(tmp_path / "out" / "full" / "packages" / "web")
    assert "data.txt" in names
    assert "today.log" not in names


def test_something_else_is_left_alone(store: Shop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    store.refuses("prune", "--package", "web", "--output", out, error="output-not-empty")
    store.refuses("deploy", "--package", "web", "--output", out, error="environment-not-ours")
    assert files(out) == ["notes.txt"]


def test_a_stale_lock_is_an_error(store: Shop, tmp_path: Path) -> None:
    manifest = store.manifest("api")
    manifest.write_text(manifest.read_text().replace('"flask"', '"flask", "checker"'))
    store.refuses("prune", "--package", "web", "--output", tmp_path / "out", code=3, error="lock-outdated")
    store.refuses("deploy", "--package", "web", "--output", tmp_path / "out", code=3, error="lock-outdated")
    assert not (tmp_path / "out").exists()


def test_a_deployed_environment_runs_anywhere_without_the_workspace(store: Shop, tmp_path: Path) -> None:
    made = store.run("deploy", "--package", "web", "--output", tmp_path / "made")
    assert "6 packages" in made.err
    shutil.rmtree(store.root)
    shutil.rmtree(store.cache)
    place = tmp_path / "some where" / "else"
    place.parent.mkdir()
    (tmp_path / "made").rename(place)
    assert store.installed(place).keys() == {"catalog", "click", "jinja", "safe", "tool", "web"}
    program = "import web; web.main(); import sys; print(sys.prefix)"
    said = store.python(program, environment=place).splitlines()
    assert said == [f"web {place}/lib/{next((place / 'lib').iterdir()).name}/site-packages/catalog.py", str(place)]
    (tmp_path / "tool").symlink_to(place / "bin" / "tool")
    for command in (place / "bin" / "tool", tmp_path / "tool"):
        done = subprocess.run([command, "a b"], capture_output=True, text=True, check=True)
        assert done.stdout == f"tool {place} a b\n"
    assert not [name for name in files(place) if name.endswith(".pth") or "direct_url" in name]
    assert any(name.endswith(".pyc") for name in files(place))


def test_deploying_twice_gives_the_same_bytes(store: Shop, tmp_path: Path) -> None:
    for name in ("one", "another"):
        store.run("deploy", "--package", "web", "--output", tmp_path / name)
    one, another = snapshot(tmp_path / "one"), snapshot(tmp_path / "another")
    assert one == another
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert os.fsencode(tmp_path) not in path.read_bytes(), path
    before = sorted((tmp_path / "one").rglob("*"))
    store.run("deploy", "--package", "catalog", "--output", tmp_path / "one")
    assert sorted((tmp_path / "one").rglob("*")) != before
    assert store.installed(tmp_path / "one").keys() == {"catalog", "click"}
