"""run: tasks, members, scripts with metadata, packages for one run."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.core.editing.script_metadata import BadScript, change_dependencies, parse_script
from interlock.core.manifests.tasks import BadTask, expand, parse_tasks
from tests.cli.conftest import Run
from tests.index_server import IndexServer
from tests.registry import registry
from tests.terminal import Screen


@pytest.fixture
def shop(workspace: Path, index: Callable[..., IndexServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    server = index(registry(click={"8.0": [], "8.1": []}, extra={"1.0": ["click"]}))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(workspace / "apps" / "web"))
    root = workspace / "pyproject.toml"
    root.write_text(
        root.read_text()
        + "[tool.interlock.tasks]\n"
        + "where = \"python -c 'import os; print(os.getcwd())'\"\n"
        + '[tool.interlock.tasks.both]\nsequence = ["say one", "say two"]\nhelp = "say twice"\n'
        + '[tool.interlock.tasks.say]\ncmd = "python say.py {args} end"\nenv = { LOUD = "1" }\n'
    )
    for member in ("apps/web", "packages/catalog"):
        (workspace / member / "say.py").write_text(
            "import os, sys\n"
            "open('said.txt', 'a').write(' '.join(sys.argv[1:]) + os.environ.get('LOUD', '') + '\\n')\n"
            "print('said', *sys.argv[1:])\nsys.exit(3 if 'bad' in sys.argv else 0)\n"
        )
    return workspace


def said(shop: Path, member: str = "apps/web") -> list[str]:
    path = shop / member / "said.txt"
    return path.read_text().splitlines() if path.exists() else []


def test_a_task_runs_with_its_arguments_and_variables(run: Run, shop: Path) -> None:
    text = (shop / "apps/web/pyproject.toml").read_text()
    (shop / "apps/web/pyproject.toml").write_text(
        text.replace(
            "[tool.interlock.sources]",
            '[tool.interlock.tasks.say]\ncmd = "python say.py {args} end"\nenv = { LOUD = "1" }\n'
            "[tool.interlock.sources]",
        )
    )
    assert run("run", "say", "a", "b").code == 0
    assert said(shop) == ["a b end1"]
    assert run("run", "say", "bad").code == 3
    listed = run("run", "--list").out
    assert "both   say twice\n" in listed
    assert [task["name"] for task in run("run", "--list", "--json").json()["tasks"]] == ["where", "both", "say"]


def test_files_of_variables_give_what_is_not_set(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET", "shell")
    (shop / "apps/web/.env").write_text('A="one two" # why\nSET=file\nB=${A}!${SET}\n')
    write = "import os; open('said.txt', 'w').write('\\n'.join(os.environ[name] for name in ('A', 'SET', 'B')))"
    assert run("run", "--env-file", ".env", "python", "-c", write).code == 0
    assert said(shop) == ["one two", "shell", "one two!shell"]
    bad = run("run", "--env-file", "said.txt", "python", "-c", "")
    assert bad.code == 2
    assert bad.err.startswith("error[bad-env-file]: ")


def test_what_cannot_be_started_is_told(run: Run, shop: Path) -> None:
    web = shop / "apps/web"
    assert run("sync").code == 0
    (web / "plain").write_text("no program\n")
    for program in ("nope.py", "./nope.py"):
        gone = run("run", "--no-sync", program)
        assert (gone.code, gone.err.partition("\n")[0]) == (
            1,
            f"error[command-not-found]: There is no script {web / program}.",
        )
    near = run("run", "--no-sync", "pythn").err
    assert near.startswith("error[command-not-found]: There is no program `pythn` in ")
    assert "Did you mean `python`?" in near
    assert "hint" not in near
    for program, why in (("./nope", "No such file or directory"), ("./plain", "Permission denied")):
        result = run("run", "--no-sync", program)
        assert (result.code, result.err.partition("\n")[0]) == (
            1,
            f"error[cannot-start]: `{program}` cannot be started in {web}: {why}.",
        )
        many = run("run", "-r", "--package", "web", "--no-sync", program)
        assert (many.code, "cannot be started" in many.err) == (1, True), many.err


SAYING = "import sys; print(sys.argv[1:], 'click' in str(sys.path) or __name__)\n"


@pytest.fixture
def forms(shop: Path) -> Path:
    """A directory with one program in every form that Python runs by its path."""
    here = shop / "apps" / "web"
    (here / "pkg").mkdir()
    (here / "a:b").mkdir()
    for place in ("pkg/__main__.py", "tool.pyw", "a:b/tool.py", "a:b.py", "__main__.py", "TOOL.PY"):
        (here / place).write_text(SAYING)
    py_compile.compile(str(here / "TOOL.PY"), str(here / "tool.pyc"))
    for name in ("tool.zip", "tool.pyz", "archive"):
        with zipfile.ZipFile(here / name, "w") as archive:
            archive.writestr("__main__.py", SAYING)
    return here


@pytest.mark.parametrize(
    "program",
    [
        *(
            "pkg",
            "./pkg",
            "pkg/",
            ".",
            "tool.pyw",
            "./tool.pyw",
            "TOOL.PY",
            "tool.pyc",
            "tool.zip",
            "tool.pyz",
            "./archive",
        ),
        *("a:b/tool.py", "./a:b/tool.py", "a:b.py", "a:b/"),
    ],
)
def test_every_form_of_a_program_runs(spawn: Run, forms: Path, program: str) -> None:
    if program == "a:b/":
        shutil.copy(forms / "pkg/__main__.py", forms / "a:b")
    assert spawn("run", program, "a b", "--x", cwd=forms).out == "['a b', '--x'] __main__\n"
    if program != ".":
        (forms / "pyproject.toml").write_text(
            (forms / "pyproject.toml").read_text() + f'[tool.interlock.tasks]\nit = ["{program} 1"]\n'
        )
        assert spawn("run", "it", cwd=forms).out == "['1'] __main__\n", "as a step of a task"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("no.pyz", "There is no script"),
        ("./no.pyw", "There is no script"),
        ("src", "There is no program"),
        ("./src", "cannot be started"),
    ],
)
def test_what_is_no_form_of_a_program_is_told(run: Run, forms: Path, program: str, words: str) -> None:
    (forms / "src").mkdir(exist_ok=True)
    result = run("run", program)
    assert (result.code, words in result.err) == (1, True), result.err


def test_a_program_of_the_environment_comes_before_a_directory_of_its_name(run: Run, shop: Path) -> None:
    (shop / "apps" / "web" / "pip").mkdir()
    scripts = shop / ".venv" / "bin"
    assert run("sync").code == 0
    (scripts / "tool").write_text("#!/bin/sh\nexit 7\n")
    (scripts / "tool").chmod(0o755)
    (shop / "apps" / "web" / "tool").mkdir()
    (shop / "apps" / "web" / "tool" / "__main__.py").write_text("import sys; sys.exit(8)\n")
    assert (run("run", "tool").code, run("run", "./tool").code, run("run", "tool/").code) == (7, 8, 8)


@pytest.mark.parametrize("inside", [True, False])
def test_a_program_comes_from_standard_input(spawn: Run, shop: Path, tmp_path: Path, inside: bool) -> None:
    cwd = shop / "apps" / "web" if inside else tmp_path

    def fed(text: bytes, *more: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "interlock", "run", *more, "-", "a b"]
        done = subprocess.run(command, input=text, capture_output=True, cwd=cwd, env=environ, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    environ = {name: value for name, value in os.environ.items() if name != "INTERLOCK_DIRECTORY"}
    block = b"# /// script\n# dependencies = ['click']\n# ///\n"
    says = b"import sys; print(sys.argv, sys.stdin.read(), 'x' in sys.modules)"
    assert fed(says)[:2] == (0, "['-', 'a b']  False\n")
    assert fed(b"\xef\xbb\xbf" + block + b"import click; print(click.__name__)")[:2] == (0, "click\n")
    assert fed(b"import click; print(click.__name__)", "--with", "click")[:2] == (0, "click\n")
    assert fed(b"import sys; sys.exit(5)")[0] == 5
    assert fed(b"")[:2] == (0, "")
    code, _, err = fed(block + block.replace(b"#", b"\n#", 1))
    assert (code, "more than one `script` block" in err) == (1, True)
    assert fed(b"", "-r")[0] == 2


def test_a_script_of_windows_brings_its_own_environment(run: Run, shop: Path, tmp_path: Path) -> None:
    script = tmp_path / "s.pyw"
    script.write_text("# /// script\n# dependencies = ['click']\n# ///\nimport click, sys; sys.exit(4)\n")
    assert run("run", script).code == 4


def test_an_environment_whose_path_cannot_be_on_path(
    spawn: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "a:b"
    root.mkdir()
    (root / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n[project.scripts]\nsay = "x:say"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(root))
    assert spawn("sync", "--no-install-project").code == 0
    tool = root / ".venv" / "bin" / "tool"
    tool.write_text("#!/bin/sh\necho $PATH\n")
    tool.chmod(0o755)
    result = spawn("run", "--no-sync", "tool")
    assert (result.code, str(root) in result.out, "cannot be on PATH" in result.err) == (0, False, True)


def test_a_sequence_stops_at_the_first_failure(run: Run, shop: Path) -> None:
    tasks = parse_tasks({"a": "x 1", "b": ["a", "y {args}", "z"], "c": {"sequence": ["b", "b 2"]}}, "f")
    assert [step.words for step in expand("c", tasks, ("q",))] == [
        ("x", "1"),
        ("y",),
        ("z",),
        ("x", "1"),
        ("y",),
        ("z", "2", "q"),
    ]
    with pytest.raises(BadTask, match="runs itself"):
        expand("a", parse_tasks({"a": ["b"], "b": ["a"]}, "f"), ())
    wrongs: list[dict[str, object]] = [
        {"a": 1},
        {"a": {}},
        {"a": {"cmd": "x", "call": "y"}},
        {"a": {"cmd": "x", "hlep": ""}},
        {"a": "'"},
    ]
    for wrong in wrongs:
        with pytest.raises(BadTask):
            parse_tasks(wrong, "f")


def test_every_member_in_the_order_of_the_graph(run: Run, shop: Path) -> None:
    result = run("run", "-r", "say", "x")
    assert result.code == 0, result.err
    assert result.out.splitlines() == ["[catalog] said x end", "[web    ] said x end"]
    assert result.err.endswith("2 passed\n")
    document = run("run", "-r", "--json", "-j", "1", "say", "bad").json()
    assert [(item["member"], item["status"], item["code"]) for item in document["results"]] == [
        ("catalog", "failed", 3),
        ("web", "skipped", 0),
    ]
    kept = run("run", "-r", "--keep-going", "--no-prefix", "say", "bad")
    assert kept.code == 3
    assert kept.out.splitlines() == ["said bad end"] * 2
    assert "2 failed" in kept.err
    only = run("run", "-r", "--package", "web", "python", "-c", "print('here')")
    assert only.out == "[web] here\n"


def test_packages_for_one_run(run: Run, shop: Path) -> None:
    assert run("run", "python", "-c", "import extra").code == 1
    assert run("run", "--with", "extra", "python", "-c", "import extra, click, sys; print(extra.VERSION)").code == 0
    assert run("run", "--no-sync", "python", "-c", "import extra").code == 1


def test_an_environment_for_one_run(run: Run, shop: Path) -> None:
    assert run("run", "--isolated", "python", "-c", "import sys").code == 0
    assert not (shop / ".venv").exists()


def test_a_script_that_is_not_installed_runs_from_its_entry_point(run: Run, shop: Path) -> None:
    manifest = shop / "apps/web/pyproject.toml"
    manifest.write_text(
        manifest.read_text().replace(
            "[tool.interlock.sources]", '[project.scripts]\nhi = "hi:main"\n[tool.interlock.sources]'
        )
    )
    (shop / "apps/web/src").mkdir()
    (shop / "apps/web/src/hi.py").write_text("import sys\ndef main(): return len(sys.argv) + 3\n")
    result = run("run", "hi", "x")
    assert result.code == 5
    assert "warning[not-installed]" in result.err
    (shop / "apps/web/src/hi.py").write_text("import sys\ndef main(): open('argv', 'w').write(' '.join(sys.argv))\n")
    assert run("run", "hi", "a b", "--", "-c").code == 0
    assert (shop / "apps/web/argv").read_text() == "hi a b -- -c"


SCRIPT = """\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "extra",  # why
# ]
# ///
import extra, sys
sys.exit(7 if extra.VERSION == "1.0" else 1)
"""


def test_a_script_brings_its_own_environment_and_lock(run: Run, shop: Path, tmp_path: Path) -> None:
    script = tmp_path / "tool.py"
    script.write_text(SCRIPT)
    assert run("run", script).code == 7
    assert run("lock", "--script", script).code == 0
    assert "extra-1.0" in (tmp_path / "tool.py.lock").read_text()
    assert run("run", script).code == 7
    assert run("add", "--script", script, "click").code == 0
    assert '#   "extra",  # why\n#   "click>=8.1",\n' in script.read_text()
    assert run("remove", "--script", script, "click").code == 0
    assert script.read_text() == SCRIPT
    assert run("remove", "--script", script, "click").code == 1
    bare = tmp_path / "bare.py"
    bare.write_text("#!/bin/python\nprint()\n")
    assert run("add", "--script", bare, "click").code == 0
    assert bare.read_text().startswith("#!/bin/python\n# /// script\n# dependencies = [\n")


def test_inline_metadata() -> None:
    found = parse_script(SCRIPT.encode(), "x.py")
    assert found is not None
    assert (found.requires_python, found.dependencies) == (">=3.11", ("extra",))
    assert parse_script(b"print()", "x.py") is None
    with pytest.raises(BadScript):
        parse_script((SCRIPT + SCRIPT).encode(), "x.py")
    with pytest.raises(BadScript):
        parse_script(b"# /// script\n# dependencies = [\n# ///\n", "x.py")
    crlf = SCRIPT.replace("\n", "\r\n").encode()
    changed = change_dependencies(crlf, "x.py", {"b": "b"}, frozenset())
    assert b'#   "b",\r\n' in changed
    assert change_dependencies(changed, "x.py", {}, frozenset({"b"})) == crlf


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "sh"])
def test_a_shell_has_the_environment_whatever_its_own_files_do(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell}")
    assert run("sync").code == 0
    home = tmp_path / "it's home"
    (home / ".config/fish").mkdir(parents=True)
    first = tmp_path / "first"
    first.mkdir()
    (first / "python").write_text("#!/bin/sh\necho wrong\n")
    (first / "python").chmod(0o755)
    for name in (".bashrc", ".zshrc"):
        (home / name).write_text(f"export PATH={first}:$PATH MINE=read\n")
    (home / ".config/fish/config.fish").write_text(f"set -gx PATH {first} $PATH; set -gx MINE read\n")
    for name, value in (("HOME", home), ("XDG_CONFIG_HOME", home / ".config"), ("SHELL", program)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("ZDOTDIR", raising=False)
    with Screen([sys.executable, "-m", "interlock", "shell", "--no-sync"]) as screen:
        screen.wait_for("leave with `exit`.")
        screen.type("command -v python; echo mine $MINE; exit 7\n")
        code, said = screen.end()
    assert code == 7, said
    assert f"{shop / '.venv/bin/python'}" in said
    assert str(first) not in said
    assert ("mine read" in said) == (shell != "sh")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "csh"])
def test_what_env_activate_prints_is_evaluated_by_the_shell(run: Run, shop: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    assert run("sync").code == 0
    line = run("env", "activate", "--shell", shell).out
    assert line.count("\n") == 1
    options = ["-f"] if shell == "csh" else []
    done = subprocess.run(
        [program, *options], input=f"{line}which python\n", capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == str(shop / ".venv/bin/python")


def test_the_shell_and_activation(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("sync").code == 0
    for shell, start in (("bash", "source "), ("fish", "source "), ("csh", "source "), ("pwsh", "& ")):
        result = run("env", "activate", "--shell", shell)
        assert result.code == 0, result.err
        assert result.out.startswith(start)
        assert str(shop / ".venv") in result.out
    monkeypatch.setenv("SHELL", "/bin/true")
    assert run("shell").code == 0
    assert run("env", "use", sys.executable).code == 0
    assert json.loads(run("env", "info", "--json").out)["python"]["version"].startswith("3.")
