"""new and init: what they make works at once."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest

from interlock.core.editing.scaffold import BACKENDS
from interlock.core.manifests.parse import parse_manifest
from tests.cli.conftest import Run
from tests.processes import mortal
from tests.terminal import Screen


@pytest.mark.parametrize("kind", ["--lib", "--app", "--web"])
@pytest.mark.parametrize("layout", ["--src", "--flat"])
@pytest.mark.parametrize("name", ["shop-tools", "acme.shop"])
def test_a_new_project_passes_its_own_tests(run: Run, tmp_path: Path, kind: str, layout: str, name: str) -> None:
    result = run("-C", tmp_path, "new", "place", "--name", name, kind, layout, "--author", "Ann <ann@example.test>")
    assert result.code == 0, result.err
    manifest = parse_manifest((tmp_path / "place/pyproject.toml").read_bytes(), path=".", file="pyproject.toml")
    assert manifest.name == name.replace(".", "-")
    assert manifest.warnings == ()
    assert manifest.package
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "place",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_backend_has_a_build_system(run: Run, tmp_path: Path, backend: str) -> None:
    assert run("-C", tmp_path, "new", "x", "--build-backend", backend).code == 0
    read = tomllib.loads((tmp_path / "x/pyproject.toml").read_text())
    assert read["build-system"]["build-backend"] == BACKENDS[backend][1]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("layout", ["--src", "--flat"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_build_holds_the_package(run: Run, tmp_path: Path, backend: str, layout: str) -> None:
    assert run("-C", tmp_path, "new", "x", "--name", "acme.shop", "--build-backend", backend, layout).code == 0
    assert run("-C", tmp_path / "x", "build", "--wheel").code == 0
    (wheel,) = (tmp_path / "x/dist").glob("*.whl")
    listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True)
    assert "acme/shop/__init__.py" in listed.stdout


def test_a_member_registers_itself(run: Run, workspace: Path) -> None:
    before = (workspace / "pyproject.toml").read_bytes()
    inside = run("-C", workspace, "new", "packages/billing")
    assert inside.code == 0, inside.err
    assert (workspace / "pyproject.toml").read_bytes() == before
    assert not (workspace / "packages/billing/.gitignore").exists()
    elsewhere = run("-C", workspace, "new", "libs/more", "--no-package")
    assert "which was told of it" in elsewhere.err
    members = {member["name"] for member in run("-C", workspace, "workspace", "list", "--json").json()["members"]}
    assert members == {"catalog", "web", "billing", "more"}


def test_a_workspace(run: Run, tmp_path: Path) -> None:
    assert run("-C", tmp_path, "new", "mono", "--workspace").code == 0
    assert run("-C", tmp_path / "mono", "new", "apps/front", "--web").code == 0
    assert run("-C", tmp_path / "mono", "workspace", "list").out == "front  apps/front\n"


def test_what_is_there_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/pyproject.toml").write_text("# ours\n[tool.pytest.ini_options]\nx = 1 # why\n")
    assert run("-C", tmp_path / "old", "init", "--name", "fresh", "--description", "A thing").code == 0
    text = (tmp_path / "old/pyproject.toml").read_text()
    assert text.endswith("# ours\n[tool.pytest.ini_options]\nx = 1 # why\n")
    assert tomllib.loads(text)["project"]["name"] == "fresh"
    again = run("-C", tmp_path / "old", "init")
    assert (again.code, again.err.partition(":")[0]) == (2, "error[already-a-project]")
    refused = run("-C", tmp_path, "new", "old")
    assert (refused.code, refused.err.partition(":")[0]) == (2, "error[directory-not-empty]")
    (tmp_path / "empty").mkdir()
    assert run("-C", tmp_path, "new", "empty").code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x --lib --app", "`--lib` and `--app` exclude each other."),
        ("x --src --flat", "`--src` and `--flat` exclude each other."),
        ("x --build-backend magic", "`magic` is not a known build backend."),
        ("x --name=no/way", "`no/way` cannot be the name of a package."),
        ("x --name site", "`site` is a module of Python itself"),
        ("test", "`test` is a module of Python itself"),
        ("Test.more", "`test` is a module of Python itself"),
        ("collections.abc", "`collections` is a module of Python itself"),
        ("distutils", "`distutils` is a module of Python itself"),
        ("compression", "`compression` is a module of Python itself"),
        ("sitecustomize", "`sitecustomize` is a module of Python itself"),
        ("x --name acme.class", "`class` is a word of the language"),
        ("pytest", "`pytest` cannot depend on itself: `pytest>=8` has the name of the project."),
        ("x --dependency X>=2", "`x` cannot depend on itself"),
        ("x --dependency ???", "`???` is not a valid requirement"),
        ("x --dependency y@sideways", "`sideways` is not a version constraint"),
        ("x --dependency ../y", "`../y` comes from a place of its own."),
        ("x --license GPL-9", "`project.license` is `GPL-9`, which is not an SPDX expression"),
        ("x --python >=3.x", "`>=3.x` is no range of Pythons."),
        ("x --author <>", "`<>` is nobody's name."),
        ("", "Where should the project be?"),
    ],
)
def test_mistakes_make_nothing(run: Run, tmp_path: Path, line: str, said: str) -> None:
    result = run("-C", tmp_path, "new", *line.split())
    assert result.code == 2
    assert said in result.err
    assert list(tmp_path.iterdir()) == []


def test_requirements_are_written_in_the_standard_form(run: Run, tmp_path: Path) -> None:
    asked = ("httpx[http2]@^0.27", "rich:~13.1", "click", "odd @ https://files.test/odd-1.0.tar.gz")
    words = [word for text in asked for word in ("--dependency", text)]
    assert run("-C", tmp_path, "new", "x", *words, "--dev-dependency", "pytest:^9").code == 0
    table = tomllib.loads((tmp_path / "x/pyproject.toml").read_text())
    assert table["project"]["dependencies"] == [
        "httpx[http2]>=0.27,<0.28",
        "rich>=13.1,<13.2",
        "click",
        "odd @ https://files.test/odd-1.0.tar.gz",
    ]
    assert table["dependency-groups"] == {"dev": ["pytest>=9,<10"]}


def test_init_describes_the_modules_that_are_there(run: Run, tmp_path: Path) -> None:
    for name, place, expected in (("below", "src/below/__init__.py", "src"), ("beside", "beside.py", ".")):
        module = tmp_path / name / place
        module.parent.mkdir(parents=True)
        module.write_text("# mine\n")
        assert run("-C", tmp_path / name, "init").code == 0
        table = tomllib.loads((tmp_path / name / "pyproject.toml").read_text())
        assert table["tool"]["pytest"]["ini_options"]["pythonpath"] == [expected]
        assert "build-system" in table
        assert module.read_text() == "# mine\n"


def test_init_builds_nothing_where_there_are_no_modules(run: Run, tmp_path: Path) -> None:
    result = run("-C", tmp_path, "init", "--name", "bare")
    assert "Nothing of it is built, because it has no modules" in result.err
    table = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    # Nor is anything said of tests that there are none of.
    assert table.keys() == {"project"}
    assert run("-C", tmp_path, "workspace", "list", "--json").json()["members"][0]["package"] is False


def test_init_makes_a_name_of_the_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "My Tools (v2)").mkdir()
    assert run("-C", tmp_path / "My Tools (v2)", "init").code == 0
    table = tomllib.loads((tmp_path / "My Tools (v2)/pyproject.toml").read_text())
    assert table["project"]["name"] == "my-tools-v2"


def test_init_leaves_the_root_of_a_workspace_one(run: Run, tmp_path: Path) -> None:
    assert run("-C", tmp_path, "new", "mono", "--workspace").code == 0
    root = tmp_path / "mono/pyproject.toml"
    before = root.read_text()
    for line in (("init",), ("init", "--app"), ("init", "--workspace")):
        refused = run("-C", tmp_path / "mono", *line)
        assert (refused.code, refused.err.partition(":")[0]) == (2, "error[already-a-project]")
        assert "is the root of a workspace" in refused.err
        assert root.read_text() == before
    assert run("-C", tmp_path / "mono", "init", "--name", "mono").code == 0
    table = tomllib.loads(root.read_text())
    assert (table["project"]["name"], "workspace" in table["tool"]["interlock"]) == ("mono", True)


def test_init_makes_a_workspace_of_a_project_with_settings(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "pyproject.toml"
    root.write_text('[project]\nname = "a"\nversion = "1.0"\n\n[tool.interlock]\nenv = "member" # each\n')
    assert run("-C", tmp_path, "init", "--workspace").code == 0
    assert root.read_text().startswith('[project]\nname = "a"')
    assert tomllib.loads(root.read_text())["tool"]["interlock"] == {
        "env": "member",
        "workspace": {"members": ["packages/*", "apps/*"]},
    }


@pytest.mark.parametrize("kind", ["--lib", "--app", "--web"])
def test_init_makes_modules_when_asked(run: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_fresh.py").write_text("def test_mine() -> None: ...\n")
    assert run("-C", tmp_path, "init", "--name", "fresh", kind).code == 0
    assert (tmp_path / "src/fresh/__init__.py").is_file()
    assert (tmp_path / "tests/test_fresh.py").read_text() == "def test_mine() -> None: ...\n"
    assert "build-system" in tomllib.loads((tmp_path / "pyproject.toml").read_text())


def test_two_members_of_one_name_are_refused(run: Run, workspace: Path) -> None:
    before = (workspace / "pyproject.toml").read_bytes()
    result = run("-C", workspace, "new", "libs/web")
    assert (result.code, result.err.partition(":")[0]) == (2, "error[bad-project-name]"), result.err
    assert not (workspace / "libs/web").exists()
    assert (workspace / "pyproject.toml").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
def test_questions_are_answered_on_a_terminal(tmp_path: Path) -> None:
    with Screen([sys.executable, "-m", "interlock", "new", "x"], cwd=tmp_path) as screen:
        for question, answer in (
            ("Name [x]: ", "nice"),
            ("Description: ", "A nice thing"),
            ("Author (Name <mail>): ", ""),
            ("License (SPDX): ", "MIT"),
            ("Python [", ">=3.12"),
        ):
            screen.wait_for(question)
            screen.type(f"{answer}\n")
        code, said = screen.end()
    assert code == 0, said
    assert "Made nice in" in said
    project = tomllib.loads((tmp_path / "x/pyproject.toml").read_text())["project"]
    assert (project["name"], project["description"], project["license"]) == ("nice", "A nice thing", "MIT")
    assert project["requires-python"] == ">=3.12"


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
def test_an_answer_that_cannot_be_is_asked_for_again(tmp_path: Path) -> None:
    with Screen([sys.executable, "-m", "interlock", "new", "x", "--description", "d"], cwd=tmp_path) as screen:
        for question, answer, why in (
            ("Name [x]: ", "no way!", "`no way!` cannot be the name of a package."),
            ("Name [x]: ", "", ""),
            ("Author (Name <mail>): ", "<>", "`<>` is nobody's name."),
            ("Author (Name <mail>): ", "Ann", ""),
            ("License (SPDX): ", "GPL-9", "`GPL-9`"),
            ("License (SPDX): ", "", ""),
            ("Python [", "banana", "`banana` is no range of Pythons."),
            ("Python [", "*", "Some Python it has to be."),
            ("Python [", "^3.12", ""),
        ):
            screen.wait_for(question)
            screen.type(f"{answer}\n")
            screen.wait_for(f"{answer}\r\n")
            if why:
                screen.wait_for(why)
        code, said = screen.end()
    assert code == 0, said
    project = tomllib.loads((tmp_path / "x/pyproject.toml").read_text())["project"]
    assert (project["authors"], project["requires-python"]) == ([{"name": "Ann"}], ">=3.12,<4.0")


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
@pytest.mark.parametrize(("command", "key"), [("new", "\x03"), ("init", "\x03"), ("new", "\x04")])
def test_whoever_stops_answering_has_nothing_made(tmp_path: Path, command: str, key: str) -> None:
    with Screen([sys.executable, "-m", "interlock", command, "x"], cwd=tmp_path) as screen:
        screen.wait_for("Name [x]: ")
        screen.type("nice\n")
        screen.wait_for("Description: ")
        screen.type(key)
        code, said = screen.end()
    assert (code, "interrupted" in said) == (130, True), said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
def test_nobody_is_asked_for_what_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1.0"\n')
    for line in (["init"], ["new", "."]):
        with Screen([sys.executable, "-m", "interlock", *line], cwd=tmp_path) as screen:
            code, said = screen.end()
        assert (code, "Name" in said) == (2, False), said
    with Screen([sys.executable, "-m", "interlock", "new", "mono", "--workspace"], cwd=tmp_path) as screen:
        code, said = screen.end()
    assert (code, "Name" in said) == (0, False), said


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
@pytest.mark.parametrize("flag", ["-n", "--no-interaction"])
def test_nobody_is_asked_who_does_not_want_to_be(tmp_path: Path, flag: str) -> None:
    with Screen([sys.executable, "-m", "interlock", "new", "x", flag], cwd=tmp_path) as screen:
        code, said = screen.end()
    assert code == 0, said
    assert "Name [" not in said


@pytest.mark.parametrize("layout", ["--src", "--flat"])
def test_the_web_application_answers(run: Run, tmp_path: Path, layout: str) -> None:
    assert run("-C", tmp_path, "new", "front", "--web", layout).code == 0
    source = tmp_path / "front" / ("src" if layout == "--src" else ".")
    command = [sys.executable, "-m", "front"]
    helped = subprocess.run([*command, "--help"], cwd=source, capture_output=True, text=True, check=True)
    assert "--port PORT" in helped.stdout
    with subprocess.Popen(
        mortal("front", "--port", "0"), cwd=source, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().partition(" ")[0]
            with urllib.request.urlopen(url, timeout=30) as answer:
                assert answer.read() == b"Hello, world!\n"
        finally:
            server.kill()
