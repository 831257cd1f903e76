"""Members that cannot agree: found out, declared on request, and locked side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.cli.main import main
from interlock.core.lock.codec import decode_lock
from tests.index_server import IndexServer
from tests.registry import registry

IndexFactory = Callable[..., IndexServer]


def _workspace(root: Path, **members: list[str]) -> None:
    root.mkdir()
    (root / "pyproject.toml").write_text('[tool.interlock.workspace]\nmembers = ["*"]  # all\n', encoding="utf-8")
    for name, requirements in members.items():
        (root / name).mkdir()
        head = f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\n'
        text = f"{head}dependencies = {requirements!r}\n"
        (root / name / "pyproject.toml").write_text(text, encoding="utf-8")


def _versions(root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for package in decode_lock((root / "interlock.lock").read_bytes()).packages:
        found.setdefault(package.name, []).append(package.version)
    return found


def test_conflicting_members_are_declared_and_only_what_differs_is_locked_twice(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": ["base"], "2.0": ["base"]}, base={"1.0": []}, other={"1.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, old=["lib<2", "other"], new=["lib>=2", "other"], plain=["base"])
    common = ["-C", str(root), "--default-index", server.url]
    assert main([*common, "lock"]) == 1
    assert not (root / "interlock.lock").exists()
    assert main([*common, "lock", "--declare-conflicts"]) == 0
    said = capsys.readouterr().err
    assert "Conflict: new | old: locked, but not together." in said
    assert "Together, each with everything else: new; old." in said
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert 'members = ["*"]  # all' in text
    assert '[{ package = "new" }, { package = "old" }],' in text
    assert _versions(root) == {"base": ["1.0"], "lib": ["1.0", "2.0"], "other": ["1.0"]}
    assert main([*common, "lock", "--check"]) == 0
    assert main([*common, "sync", "--all-packages", "--dry-run"]) == 2
    assert main([*common, "sync", "--package", "old", "--dry-run"]) == 0


def test_what_one_member_cannot_have_alone_is_not_declared_away(tmp_path: Path, index: IndexFactory) -> None:
    server = index(registry(lib={"1.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=["lib>=2"], two=["lib"])
    before = (root / "pyproject.toml").read_bytes()
    assert main(["-C", str(root), "--default-index", server.url, "lock", "--declare-conflicts"]) == 1
    assert (root / "pyproject.toml").read_bytes() == before
    assert not (root / "interlock.lock").exists()


def test_three_members_that_want_three_versions(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": [], "3.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, a=["lib==1.0"], b=["lib==2.0"], c=["lib==3.0"])
    assert main(["-C", str(root), "--default-index", server.url, "lock", "--declare-conflicts", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["conflicts"], document["together"]) == ([["a", "b", "c"]], [["a"], ["b"], ["c"]])
    assert _versions(root) == {"lib": ["1.0", "2.0", "3.0"]}
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert '[{ package = "a" }, { package = "b" }, { package = "c" }],' in text


def test_it_says_who_can_be_together(tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]) -> None:
    """Two members on each side of one package, and one that clashes with only one of the four over another."""
    server = index(registry(lib={"1.0": [], "2.0": []}, tool={"1.0": [], "2.0": []}, same={"1.0": []}))
    root = tmp_path / "workspace"
    _workspace(
        root, a=["lib<2", "same"], b=["lib<2", "tool<2"], c=["lib>=2"], d=["lib>=2", "same"], e=["tool>=2"], f=["same"]
    )
    common = ["-C", str(root), "--default-index", server.url]
    assert main([*common, "lock", "--declare-conflicts"]) == 0
    said = capsys.readouterr().err
    assert "Together, each with everything else: a + b; a + e; c + d + e." in said
    # What nobody disputes is there once, and so is what only one side has.
    assert _versions(root) == {"lib": ["1.0", "2.0"], "same": ["1.0"], "tool": ["1.0", "2.0"]}
    for chosen in (("a", "b", "f"), ("a", "e", "f"), ("c", "d", "e", "f")):
        names = [part for name in chosen for part in ("--package", name)]
        assert main([*common, "sync", *names, "--dry-run"]) == 0, chosen
    assert main([*common, "sync", "--package", "b", "--package", "e", "--dry-run"]) == 2
    assert main([*common, "lock", "--check"]) == 0


def test_a_dry_run_declares_nothing(tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, old=["lib<2"], new=["lib>=2"])
    before = (root / "pyproject.toml").read_bytes()
    options = ["-C", str(root), "--default-index", server.url, "lock", "--declare-conflicts", "--dry-run"]
    assert main(options) == 0
    assert "Conflict: new | old" in capsys.readouterr().err
    assert (root / "pyproject.toml").read_bytes() == before
    assert not (root / "interlock.lock").exists()


def test_the_lock_grows_only_by_what_differs(tmp_path: Path, index: IndexFactory) -> None:
    """Thirty shared packages; the two sides differ in one of them."""
    shared: dict[str, dict[str, list[str]]] = {f"shared{number:02}": {"1.0": []} for number in range(30)}
    server = index(registry({**shared, "lib": {"1.0": [], "2.0": []}}))
    sizes = {}
    for name, wanted in (("agreed", "lib<2"), ("disputed", "lib>=2")):
        root = tmp_path / name
        _workspace(root, old=["lib<2", *shared], new=[wanted, *shared])
        assert main(["-C", str(root), "--default-index", server.url, "lock", "--declare-conflicts"]) == 0
        sizes[name] = (root / "interlock.lock").read_text(encoding="utf-8").splitlines()
    agreed, disputed = sizes["agreed"], sizes["disputed"]
    more = set(disputed) - set(agreed)
    # Forks, the conflict, one more block of `lib`, markers of both, and its version on two edges.
    assert not any("shared" in line for line in more), more
    assert len(disputed) - len(agreed) <= 30


def test_members_alike_are_declared_at_once_and_who_needs_them_follows(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    old = {f"old{number}": ["lib<2"] for number in range(6)}
    new = {f"new{number}": ["lib>=2"] for number in range(6)}
    _workspace(root, **old, **new, app=["new3"])
    manifest = root / "pyproject.toml"
    manifest.write_text(
        manifest.read_text(encoding="utf-8") + "[tool.interlock.sources]\nnew3 = { workspace = true }\n",
        encoding="utf-8",
    )
    common = ["-C", str(root), "--default-index", server.url]
    assert main([*common, "lock", "--declare-conflicts"]) == 0
    assert "26 more conflicts stand in the manifest of the root." in capsys.readouterr().err
    assert manifest.read_text(encoding="utf-8").count("package =") == 2 * 6 * 6
    assert main([*common, "export", "--package", "app", "--format", "requirements", "--no-hashes"]) == 0
    assert "lib==2.0" in capsys.readouterr().out
    assert main([*common, "export", "--package", "app", "--package", "old1"]) == 2
    assert "new3 (needed by app)" in capsys.readouterr().err


def test_conflicts_that_a_member_declares_count_and_are_kept_where_it_is_not(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=[], two=["lib"])
    declaring = root / "one" / "pyproject.toml"
    declaring.write_text(
        declaring.read_text(encoding="utf-8")
        + '[project.optional-dependencies]\nold = ["lib<2"]\nnew = ["lib>=2"]\n'
        + '[tool.interlock]\nconflicts = [[{ extra = "old" }, { extra = "new" }]]\n',
        encoding="utf-8",
    )
    common = ["-C", str(root), "--default-index", server.url]
    assert main([*common, "lock"]) == 0
    assert "only counts in the workspace root" not in capsys.readouterr().err
    assert _versions(root) == {"lib": ["1.0", "2.0"]}
    assert main([*common, "sync", "--all-packages", "--extra", "old", "--extra", "new", "--dry-run"]) == 2
    declaring.unlink()
    assert main([*common, "lock", "--check"]) == 0


def test_a_lock_of_the_older_format_is_out_of_date_only_if_something_conflicts(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=["lib<2"], two=["lib>=2"])
    common = ["-C", str(root), "--default-index", server.url]
    assert main([*common, "lock", "--declare-conflicts"]) == 0
    lockfile = root / "interlock.lock"
    data = lockfile.read_bytes()
    assert b'"format": [2, 0]' in data
    lockfile.write_bytes(data.replace(b'"format": [2, 0]', b'"format": [1, 0]'))
    capsys.readouterr()
    assert main([*common, "lock", "--check"]) == 3
    assert "older format" in capsys.readouterr().err
    out = str(tmp_path / "out")
    for command in (["export"], ["sync", "--dry-run"], ["run", "python"], ["deploy", "-o", out], ["prune", "-o", out]):
        assert main([*common, *command[:1], "--frozen", "--package", "one", *command[1:]]) == 3, command
        assert "older format" in capsys.readouterr().err
    assert main([*common, "tree", "--frozen"]) == 0
    assert main([*common, "lock"]) == 0
    assert lockfile.read_bytes() == data


def test_who_needs_both_sides_is_told_so_when_locking(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=["lib<2"], two=["lib>=2"], both=["one", "two ; sys_platform == 'linux'"])
    manifest = root / "pyproject.toml"
    lines = "sources = { one = { workspace = true }, two = { workspace = true } }\n"
    conflicts = 'conflicts = [[{ package = "one" }, { package = "two" }]]\n'
    manifest.write_text(
        f"[tool.interlock]\n{lines}{conflicts}" + manifest.read_text(encoding="utf-8"), encoding="utf-8"
    )
    common = ["-C", str(root), "--default-index", server.url]
    assert main([*common, "lock"]) == 0
    said = capsys.readouterr().err
    assert "both needs both one and two" in said and "where sys_platform == 'linux'" in said
    assert main([*common, "tree", "--package", "both"]) == 0
    assert main([*common, "export", "--package", "both"]) == 2
    said = capsys.readouterr().err
    assert "the member one (needed by both) and the member two (needed by both)" in said


def _declaring(root: Path, *pairs: str) -> None:
    manifest = root / "pyproject.toml"
    sets = ", ".join(f"[{pair}]" for pair in pairs)
    names = ", ".join(f"{place.name} = {{ workspace = true }}" for place in sorted(root.iterdir()) if place.is_dir())
    text = f"[tool.interlock]\nsources = {{ {names} }}\nconflicts = [{sets}]\n"
    manifest.write_text(text + manifest.read_text(encoding="utf-8"), encoding="utf-8")


def test_every_member_environment_is_a_selection_of_its_own(
    tmp_path: Path, index: IndexFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=["lib<2"], two=["lib>=2"], app=["one"])
    _declaring(root, '{ package = "one" }, { package = "two" }')
    manifest = root / "pyproject.toml"
    text = manifest.read_text(encoding="utf-8").replace("[tool.interlock]\n", '[tool.interlock]\nenv = "member"\n', 1)
    manifest.write_text(text + '[dependency-groups]\nshared = ["lib"]\n', encoding="utf-8")
    common = ["-C", str(root), "--default-index", server.url, "--cache-dir", str(tmp_path / "cache")]
    assert main([*common, "sync", "--all-packages", "--group", "shared"]) == 0
    assert main([*common, "sync", "--all-packages", "--group", "shared", "--check"]) == 0
    assert (root / ".venv").is_dir(), "the root's groups have theirs too"
    capfd.readouterr()
    code = "import importlib.metadata as m; print(m.version('lib'))"
    assert main([*common, "run", "-r", "--all-packages", "python", "-c", code]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert sorted(line.replace(" ", "") for line in lines) == ["[app]1.0", "[one]1.0", "[two]2.0"]
    assert main([*common, "deploy", "--all-packages", "-o", str(tmp_path / "out")]) == 2, "that is one environment"


def test_what_only_looks_is_never_refused(tmp_path: Path, index: IndexFactory) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=[], two=["lib>=2"])
    with (root / "one" / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[project.optional-dependencies]\ncpu = ["lib<2"]\ngpu = ["lib>=2"]\n')
    _declaring(
        root,
        '{ package = "one", extra = "cpu" }, { package = "one", extra = "gpu" }',
        '{ package = "one", extra = "cpu" }, { package = "two" }',
    )
    common = ["-C", str(root), "--default-index", server.url]
    assert main([*common, "lock"]) == 0
    everything = ["--all-packages", "--all-extras", "--all-groups"]
    for command in (["tree"], ["why", "lib"], ["outdated"]):
        assert main([*common, *command, *everything]) == 0, command
    assert main([*common, "export", *everything]) == 2


def test_the_group_that_nobody_named_is_the_one_to_leave_out(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=[])
    with (root / "one" / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[dependency-groups]\nbuild = ["lib<2"]\ndev = ["lib>=2"]\n')
    _declaring(root, '{ package = "one", group = "build" }, { package = "one", group = "dev" }')
    common = ["-C", str(root), "--default-index", server.url]
    for command in (["export", "--package", "one", "--group", "build"], ["sync", "--all-packages", "--all-groups"]):
        main([*common, "lock"])
        assert main([*common, *command]) == 2
        said = capsys.readouterr().err
        assert "the group `build` of one and the group `dev` of one" in said and "`--no-dev`" in said


@pytest.mark.parametrize("wants", ["one[cpu]", "one[cpu,gpu]", "two"])
def test_a_package_that_needs_what_conflicts_is_named(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str], wants: str
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}, stranger={"1.0": [wants]}))
    root = tmp_path / "workspace"
    _workspace(root, one=[], two=["lib>=2"], app=["stranger"])
    with (root / "one" / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[project.optional-dependencies]\ncpu = ["lib<2"]\ngpu = ["lib>=2"]\n')
    _declaring(
        root,
        '{ package = "one", extra = "cpu" }, { package = "one", extra = "gpu" }',
        '{ package = "one", extra = "cpu" }, { package = "two" }',
    )
    assert main(["-C", str(root), "--default-index", server.url, "lock"]) == 1
    said = capsys.readouterr().err
    assert "error[conflicting-dependency]: stranger 1.0" in said and wants.split(",", maxsplit=1)[0].rstrip("]") in said


def test_a_member_and_what_it_needs_are_not_declared_to_conflict(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=["lib<2"], middle=["one"], two=["lib>=2", "middle"])
    _declaring(root)
    before = (root / "pyproject.toml").read_bytes()
    assert main(["-C", str(root), "--default-index", server.url, "lock", "--declare-conflicts"]) == 1
    assert "error[no-solution]" in capsys.readouterr().err
    assert (root / "pyproject.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("marker", "place"), [("", ":"), (" ; sys_platform == 'linux'", " where sys_platform == 'linux':")]
)
def test_a_failure_tells_environments_and_who_asks_but_no_marker_of_selections(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str], marker: str, place: str
) -> None:
    server = index(registry(lib={"1.0": [], "2.0": [], "3.0": []}))
    root = tmp_path / "workspace"
    _workspace(root, one=[f"lib==1.0{marker}"], two=[f"lib==2.0{marker}"], three=["lib>=3"])
    _declaring(root, '{ package = "three" }, { package = "one" }', '{ package = "three" }, { package = "two" }')
    assert main(["-C", str(root), "--default-index", server.url, "lock"]) == 1
    said = capsys.readouterr().err
    assert f"`one` and `two` cannot both have what they require{place} no version" in said
    assert "extra ==" not in said
