"""add, remove and update, from the command line to the bytes of manifests, lock and environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.index_server import IndexServer
from tests.processes import running
from tests.registry import Registry, registry


@pytest.fixture
def packages() -> Registry:
    return registry(
        flask={"3.0": ["jinja>=3"], "3.1.2": ["jinja>=3"]},
        jinja={"3.0": ["safe>=2"], "3.1": ["safe>=2"]},
        safe={"2.0": [], "2.1": []},
        click={"8.0": [], "8.1.7": [], "9.0b1": []},
        tiny={"0.4.1": []},
    )


@pytest.fixture
def shop(
    workspace: Path,
    packages: Registry,
    index: Callable[..., IndexServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Path:
    server = index(packages)
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", server.url)
    monkeypatch.setenv("INTERLOCK_PYTHON", sys.executable)
    monkeypatch.setenv("INTERLOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INTERLOCK_DIRECTORY", str(workspace / "apps" / "web"))
    return workspace


def manifest(shop: Path, member: str = "apps/web") -> Path:
    return shop / member / "pyproject.toml"


def dependencies(shop: Path, member: str = "apps/web") -> list[str]:
    found = tomllib.loads(manifest(shop, member).read_text())["project"].get("dependencies", [])
    assert isinstance(found, list)
    return found


@contextmanager
def unchanged(shop: Path) -> Iterator[None]:
    def files() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(shop.rglob("*")) if path.is_file()}

    before = files()
    yield
    assert files() == before


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (["flask"], "flask>=3.1.2"),
        (["Flask@^3"], "Flask>=3,<4"),
        (["flask@latest"], "flask>=3.1.2"),
        (["flask==3.0"], "flask==3.0"),
        (["jinja[x]>=3"], "jinja[x]>=3"),
        (["flask", "--bounds", "major"], "flask>=3.1.2,<4.0.0"),
        (["flask", "--bounds", "minor"], "flask>=3.1.2,<3.2.0"),
        (["flask", "--bounds", "exact"], "flask==3.1.2"),
        (["tiny", "--bounds", "major"], "tiny>=0.4.1,<0.5.0"),
        (["flask", "--raw"], "flask"),
        (["click", "--pre"], "click>=9.0b1"),
        (["flask", "--markers", "sys_platform == 'linux'"], "flask>=3.1.2 ; sys_platform == 'linux'"),
        (["flask", "--platform", "win32"], "flask>=3.1.2 ; sys_platform == 'win32'"),
        (["flask", "--python", ">=3.12"], "flask>=3.1.2 ; python_version >= '3.12'"),
        (["flask", "-E", "async"], "flask[async]>=3.1.2"),
    ],
)
def test_add_forms(run: Run, shop: Path, typed: list[str], written: str) -> None:
    result = run("add", "--no-sync", *typed)
    assert result.code == 0, result.err
    assert written in dependencies(shop)
    assert run("lock", "--check").code == 0


def test_add_by_setting(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = shop / "pyproject.toml"
    root.write_text(
        root.read_text().replace(
            "[tool.interlock.workspace]", '[tool.interlock]\nadd-bounds = "exact"\n[tool.interlock.workspace]'
        )
    )
    assert run("add", "--no-sync", "flask").code == 0
    assert "flask==3.1.2" in dependencies(shop)
    monkeypatch.setenv("INTERLOCK_ADD_BOUNDS", "major")
    assert run("add", "--no-sync", "click").code == 0
    assert "click>=8.1.7,<9.0.0" in dependencies(shop)


def test_add_to_groups_and_extras_of_several_members(run: Run, shop: Path) -> None:
    assert run("add", "--no-sync", "-D", "click", "--package", "web", "--package", "catalog").code == 0
    assert run("add", "--no-sync", "-G", "docs", "safe", "--all-packages").code == 0
    assert run("add", "--no-sync", "--optional", "web", "flask").code == 0
    for member in ("apps/web", "packages/catalog"):
        read = tomllib.loads(manifest(shop, member).read_text())
        assert read["dependency-groups"] == {"dev": ["click>=8.1.7"], "docs": ["safe>=2.1"]}
    assert tomllib.loads(manifest(shop).read_text())["project"]["optional-dependencies"] == {"web": ["flask>=3.1.2"]}
    assert run("lock", "--check").code == 0


def test_add_installs_and_remove_uninstalls_what_nothing_needs(run: Run, shop: Path) -> None:
    # Neither member has a build system, so neither is built.
    result = run("add", "flask", "click")
    assert result.code == 0, result.err
    site = next((shop / ".venv" / "lib").glob("python*")) / "site-packages"
    assert (site / "flask.py").exists() and (site / "safe.py").exists()
    result = run("remove", "flask")
    assert result.code == 0, result.err
    assert not (site / "flask.py").exists() and not (site / "safe.py").exists()
    assert (site / "click.py").exists()
    assert "flask" not in (shop / "interlock.lock").read_text()


def test_a_failing_add_changes_nothing(run: Run, shop: Path, packages: Registry) -> None:
    assert run("add", "flask", "--no-sync").code == 0
    with unchanged(shop):
        assert run("add", "click", "no-such-package").code == 1
        assert run("add", "flask>=99").code == 1
        assert run("add", "web").code == 2
        assert run("add", "-G", "a", "-D", "click").code == 2
        assert run("add", "./nowhere").code == 2
        shown = run("add", "click", "--dry-run")
        assert shown.code == 0
        assert shown.out.startswith("--- apps/web/pyproject.toml\n+++ apps/web/pyproject.toml\n@@ ")
        assert [line for line in shown.out.splitlines() if line.startswith("+ ")]
        assert run("remove", "nope").code == 1


def test_a_sync_that_fails_takes_the_change_back(run: Run, shop: Path) -> None:
    # catalog is a package without a build backend that works, so the environment cannot be made.
    text = manifest(shop, "packages/catalog").read_text()
    manifest(shop, "packages/catalog").write_text(
        text + '[build-system]\nrequires = []\nbuild-backend = "gone"\nbackend-path = ["."]\n'
    )
    assert run("lock").code == 0
    manifests = {path: path.read_bytes() for path in (manifest(shop), shop / "interlock.lock")}
    result = run("add", "flask")
    assert result.code == 1
    assert {path: path.read_bytes() for path in manifests} == manifests


def test_present_ones_are_left_alone_and_new_bounds_replace_old_ones(run: Run, shop: Path) -> None:
    assert run("add", "--no-sync", "flask@^3").code == 0
    with unchanged(shop):
        result = run("add", "--no-sync", "FLASK")
        assert (result.code, result.err) == (0, "FLASK is there already; give a version to change it.\n")
    assert run("add", "--no-sync", "flask<3.1").code == 0
    assert dependencies(shop) == ["catalog", "flask<3.1"]
    assert run("add", "--no-sync", "flask@latest").code == 0
    assert dependencies(shop) == ["catalog", "flask>=3.1.2"]


def test_present_ones_are_locked_and_installed_where_an_earlier_run_was_killed(run: Run, shop: Path) -> None:
    assert run("add", "flask").code == 0
    lock, metadata = shop / "interlock.lock", "lib/python3*/site-packages/flask-*.dist-info"
    whole = lock.read_bytes()
    for path in (lock, None):
        # Manifests are written first, then the lock, then the environment is changed.
        shutil.rmtree(shop / ".venv")
        if path is not None:
            path.unlink()
        assert run("add", "flask").code == 0
        assert lock.read_bytes() == whole
        assert list((shop / ".venv").glob(metadata))


def test_a_member_is_added_by_name_or_path_and_removed_with_its_source(run: Run, shop: Path) -> None:
    assert run("remove", "catalog", "--no-sync").code == 0
    text = manifest(shop).read_text()
    assert "catalog" not in text
    assert "sources" not in text
    assert run("add", "catalog", "--no-sync").code == 0
    assert tomllib.loads(manifest(shop).read_text())["tool"]["interlock"]["sources"] == {"catalog": {"workspace": True}}
    assert run("remove", "catalog", "--no-sync").code == 0
    assert run("add", "../../packages/catalog", "--no-sync").code == 0
    assert dependencies(shop) == ["catalog"]


def test_a_directory_below_the_root_becomes_a_member(run: Run, shop: Path) -> None:
    (shop / "libs" / "extra").mkdir(parents=True)
    (shop / "libs" / "extra" / "pyproject.toml").write_text('[project]\nname = "extra"\nversion = "1"\n')
    assert run("add", "../../libs/extra", "--no-sync").code == 0
    root = tomllib.loads((shop / "pyproject.toml").read_text())
    assert root["tool"]["interlock"]["workspace"]["members"] == ["packages/*", "apps/*", "libs/extra"]
    assert run("lock", "--check").code == 0
    assert run("remove", "extra", "--no-sync").code == 0
    assert run("add", "../../libs/extra", "--no-workspace", "--editable", "--no-sync").code in {0, 1}


def test_a_directory_leaves_the_workspace(run: Run, shop: Path) -> None:
    (shop / "libs" / "extra").mkdir(parents=True)
    (shop / "libs" / "extra" / "pyproject.toml").write_text('[project]\nname = "extra"\nversion = "1"\n')
    assert run("add", "../../libs/extra", "--no-sync").code == 0
    before = {path: path.read_bytes() for path in (shop / "pyproject.toml", shop / "interlock.lock")}
    needed = run("remove", "../../libs/extra", "--no-sync")
    assert (needed.code, needed.err.partition(":")[0]) == (1, "error[still-needed]")
    assert {path: path.read_bytes() for path in before} == before
    assert run("remove", "extra", "--no-sync").code == 0
    gone = run("remove", "../../libs/extra", "--no-sync")
    assert gone.code == 0, gone.err
    assert "libs/extra is no member any more" in gone.err
    table = tomllib.loads((shop / "pyproject.toml").read_text())["tool"]["interlock"]["workspace"]
    assert table == {"members": ["packages/*", "apps/*"]}
    assert (shop / "libs" / "extra" / "pyproject.toml").exists()
    assert run("lock", "--check").code == 0
    # What a pattern finds has to be excluded.
    assert run("remove", "catalog", "--no-sync").code == 0
    assert run("remove", "../../packages/catalog/", "--no-sync").code == 0
    table = tomllib.loads((shop / "pyproject.toml").read_text())["tool"]["interlock"]["workspace"]
    assert table == {"members": ["packages/*", "apps/*"], "exclude": ["packages/catalog"]}
    assert [member["name"] for member in run("workspace", "list", "--json").json()["members"]] == ["web"]
    assert run("lock", "--check").code == 0
    assert run("remove", "../../packages/catalog", "--no-sync").code == 1


def test_a_path_dependency_is_removed_by_its_path(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "pyproject.toml").write_text('[project]\nname = "alone"\nversion = "1"\n')
    before = dependencies(shop)
    assert run("add", tmp_path / "alone", "--no-sync").code == 0
    assert dependencies(shop) != before
    result = run("remove", tmp_path / "alone", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == before


def test_the_file_keeps_its_bytes(run: Run, shop: Path) -> None:
    before = (
        b'# top\r\n[project]\r\nname = "web"\r\nversion = "3.0"\r\nrequires-python = ">=3.11"\r\n'
        b'dependencies = [\r\n\t"catalog",   # ours\r\n\t"safe" # theirs\r\n\t# end\r\n]\r\n\r\n'
        b"[tool.interlock.sources]\r\ncatalog = { workspace = true } # ours\r\n"
    )
    manifest(shop).write_bytes(before)
    assert run("add", "flask", "--no-sync").code == 0
    after = manifest(shop).read_bytes()
    assert after == before.replace(b'\t"safe" # theirs\r\n', b'\t"safe" # theirs\r\n').replace(
        b'\t"catalog",   # ours\r\n', b'\t"catalog",   # ours\r\n\t"flask>=3.1.2",\r\n'
    )
    assert run("remove", "flask", "--no-sync").code == 0
    assert manifest(shop).read_bytes() == before


def test_sources_and_indexes_are_written(run: Run, shop: Path, index: Callable[..., IndexServer]) -> None:
    other = index(registry(house={"1.0": []}))
    assert run("add", "house", "--index", f"inner={other.url}", "--no-sync").code == 0
    root = tomllib.loads((shop / "pyproject.toml").read_text())
    assert [entry["name"] for entry in root["tool"]["interlock"]["index"]] == ["inner"]
    assert tomllib.loads(manifest(shop).read_text())["tool"]["interlock"]["sources"]["house"] == {"index": "inner"}
    assert run("lock", "--check").code == 0


def test_a_git_repository_is_added_under_its_own_name(run: Run, shop: Path) -> None:
    repository = shop / "lib.git"
    repository.mkdir()
    (repository / "pyproject.toml").write_text('[project]\nname = "lib-x"\nversion = "1"\n')
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"], ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    result = run("add", f"git+file://{repository}@v1", "--no-sync")
    assert result.code == 0, result.err
    assert "lib-x" in dependencies(shop)
    source = tomllib.loads(manifest(shop).read_text())["tool"]["interlock"]["sources"]["lib-x"]
    assert source == {"git": f"file://{repository}", "rev": "v1"}


def test_requirements_files_that_include_each_other_are_read_once(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("-r s.txt\nflask==3.0\n")
    (tmp_path / "s.txt").write_text("-r r.txt\n-r ./s.txt\nclick # why\n")
    result = run("add", "-r", tmp_path / "r.txt", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == ["catalog", "click>=8.1.7", "flask==3.0"]


def test_requirements_files(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("click # why\n")
    (tmp_path / "r.txt").write_text("flask==3.0 --hash=sha256:00 \\\n  --hash=sha256:11\n-r more.txt\n")
    (tmp_path / "c.txt").write_text("click<8.1\n")
    result = run("add", "-r", tmp_path / "r.txt", "-c", tmp_path / "c.txt", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == ["catalog", "click>=8.0", "flask==3.0"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_requirements_files_of_other_editors(run: Run, shop: Path, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "more.txt").write_text("click # why\n", encoding)
    (tmp_path / "r.txt").write_text("flask==3.0\r\n-r more.txt\r\n", encoding)
    result = run("add", "-r", tmp_path / "r.txt", "--no-sync")
    assert result.code == 0, result.err
    assert dependencies(shop) == ["catalog", "click>=8.1.7", "flask==3.0"]


def test_requirements_files_that_are_no_text_change_nothing(run: Run, shop: Path, tmp_path: Path) -> None:
    for data in (b"\xff\xfex", b"caf\xe9\n", b"\x00\xd8"):
        (tmp_path / "r.txt").write_bytes(data)
        with unchanged(shop):
            result = run("add", "-r", tmp_path / "r.txt", "--no-sync")
        assert result.code in {1, 2}, result.err


def test_a_script_gets_what_files_list(run: Run, shop: Path, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_bytes(b"\xef\xbb\xbfprint(1)\n")
    (tmp_path / "r.txt").write_text("tiny\n")
    assert run("add", "--script", script, "-r", tmp_path / "r.txt").code == 0
    assert script.read_bytes().startswith(b"\xef\xbb\xbf# /// script\n") and b'"tiny>=0.4.1"' in script.read_bytes()
    for words in (["-c", tmp_path / "r.txt", "click"], []):
        with unchanged(tmp_path):
            assert run("add", "--script", script, *words).code == 2


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_script_that_is_not_there_is_named(run: Run, shop: Path, tmp_path: Path, command: str) -> None:
    result = run(command, "--script", tmp_path / "no.py", "click")
    assert (result.code, "no.py cannot be read" in result.err) == (1, True)


def test_commands_leave_nothing_behind_and_take_along_what_killed_ones_left(
    spawn: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    for words in (["lock"], ["sync"], ["add", "tiny"], ["lock", "-P", "tiny"], ["remove", "tiny"]):
        left = tmp_path / "cache" / "tmp" / "tmpxyz"
        left.mkdir(parents=True)
        (left / "part").write_text("x")
        assert spawn(*words).code == 0
        assert not left.exists(), words
        assert not list((tmp_path / "temporary").rglob("*-*"))[1:], "but for the folder that guards are in"


def test_frozen_writes_the_manifest_alone(run: Run, shop: Path) -> None:
    assert run("add", "flask", "--frozen").code == 0
    assert dependencies(shop) == ["catalog", "flask"]
    assert not (shop / "interlock.lock").exists()
    assert run("add", "click", "--locked").code == 3


def test_a_group_whose_last_entry_is_removed_stays_and_what_names_it_too(run: Run, shop: Path) -> None:
    before = manifest(shop).read_text()
    groups = '[dependency-groups]\na = ["click"]\nb = [{ include-group = "A" }, "safe"]\n'
    more = '[tool.interlock]\ndefault-groups = ["a"]\nconflicts = [[{ group = "a" }, { extra = "x" }]]\n'
    extras = '[project.optional-dependencies]\nx = ["tiny"]\n'
    manifest(shop).write_text(before.replace("[tool", f"{extras}{groups}[tool", 1) + more)
    for options in (["-G", "a", "click"], ["--optional", "x", "tiny"]):
        result = run("remove", *options, "--no-sync")
        assert result.code == 0, result.err
    left = manifest(shop).read_text()
    assert (
        left
        == before.replace("[tool", f"{extras}{groups}[tool", 1).replace('["click"]', "[]").replace('["tiny"]', "[]")
        + more
    )


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("[tool.poetry.group.a.dependencies]", 'click = "*"'),
        ("[tool.poetry.group.a]", 'dependencies = { click = "*" }'),
        ("[tool.poetry.group.a]", 'dependencies.click = "*"'),
        ("[tool.poetry.group]", 'a.dependencies.click = "*"'),
        ("[tool.poetry.group.a.dependencies.click]", 'version = "*"'),
    ],
)
def test_a_poetry_group_whose_last_entry_is_removed_stays(run: Run, shop: Path, table: str, key: str) -> None:
    manifest(shop).write_text(
        '[tool.poetry]\nname = "web"\nversion = "1"\n[tool.poetry.dependencies]\npython = ">=3.11"\n'
        f'{table}\n{key}\n[tool.poetry.group.b]\ninclude-groups = ["a"]\n'
        '[tool.poetry.group.b.dependencies]\nsafe = "*"\n'
    )
    result = run("remove", "-G", "a", "click", "--no-sync")
    assert result.code == 0, result.err
    assert tomllib.loads(manifest(shop).read_text())["tool"]["poetry"]["group"]["a"] == {"dependencies": {}}


def test_update_all_named_and_beyond_the_bounds(run: Run, shop: Path, packages: Registry) -> None:
    assert run("add", "flask@~3.1", "click@^8", "--no-sync").code == 0
    packages.wheel("flask", "3.1.3", "jinja>=3")
    packages.wheel("click", "8.2")
    packages.wheel("click", "10.0")
    lock = shop / "interlock.lock"
    assert run("update", "click", "--lock").code == 0
    assert "8.2" in lock.read_text() and "3.1.3" not in lock.read_text()
    assert run("update", "nope").code == 1
    with unchanged(shop):
        assert "3.1.3" in run("update", "--dry-run").out
    assert run("update", "--no-sync").code == 0
    assert "3.1.3" in lock.read_text()
    assert run("update", "--bump", "click", "--no-sync").code == 0
    assert "click>=10.0" in dependencies(shop)
    assert "flask>=3.1,<3.2" in dependencies(shop)


@pytest.mark.slow
def test_twenty_adds_at_once_over_five_members_all_survive(shop: Path, packages: Registry) -> None:
    for number in range(20):
        packages.wheel(f"pkg-{number}", "1.0")
    members = []
    for number in range(5):
        name = f"m{number}"
        (shop / "packages" / name).mkdir()
        manifest(shop, f"packages/{name}").write_text(
            f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\n'
        )
        members.append(name)
    with ExitStack() as stack:
        adding = [
            stack.enter_context(running("add", "--no-sync", "--package", members[number % 5], f"pkg-{number}"))
            for number in range(20)
        ]
        for process in adding:
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
    found = [text for name in members for text in dependencies(shop, f"packages/{name}")]
    assert sorted(found) == sorted(f"pkg-{number}>=1.0" for number in range(20))
    check = subprocess.run([sys.executable, "-m", "interlock", "lock", "--check"], capture_output=True, check=False)
    assert check.returncode == 0


def test_a_poetry_project_is_edited_in_its_own_spelling(run: Run, shop: Path) -> None:
    manifest(shop).write_text(
        '[tool.poetry]\nname = "web"\nversion = "3.0"\n\n[tool.poetry.dependencies]\npython = "^3.11"  # ours\n'
    )
    assert run("add", "Flask@^3", "jinja[x]", "--no-sync").code == 0
    assert run("add", "-G", "test", "click", "--no-sync").code == 0
    assert run("add", "--optional", "more", "safe", "--no-sync").code == 0
    assert run("add", "catalog", "--no-sync").code == 0
    text = manifest(shop).read_text()
    assert 'python = "^3.11"  # ours\nFlask = ">=3,<4"\njinja = { version = ">=3.1", extras = ["x"] }\n' in text
    read = tomllib.loads(text)["tool"]["poetry"]
    assert read["group"] == {"test": {"dependencies": {"click": ">=8.1.7"}}}
    assert read["extras"] == {"more": ["safe"]}
    assert run("lock", "--check").code == 0
    assert run("remove", "flask", "safe", "--no-sync").code == 0
    assert "safe" not in manifest(shop).read_text()
    assert run("lock", "--check").code == 0


def test_what_a_poetry_entry_says_beside_its_version_stays(run: Run, shop: Path) -> None:
    before = (
        '[tool.poetry]\nname = "web"\nversion = "3.0"\n\n[tool.poetry.dependencies]\npython = "^3.11"\n'
        'flask = { version = "^3.0", extras = ["a"], optional = true }  # ours\n'
        'safe = [{ version = "<2.1", python = "<3.12" }, { version = ">=2.1", python = ">=3.12" }]\n\n'
        '[tool.poetry.extras]\nnet = ["flask"]\n\n'
        '[tool.poetry.group.docs.dependencies.click]\nversion = "^8.0"  # stays\nmarkers = "os_name != \'nt\'"\n'
    )
    manifest(shop).write_text(before)
    assert run("lock").code == 0
    assert run("add", "flask[b]>=3.1", "--no-sync").code == 0
    assert run("add", "click>=8.1.3", "-G", "docs", "--no-sync").code == 0
    after = before.replace('"^3.0", extras = ["a"]', '">=3.1", extras = ["a", "b"]').replace('"^8.0"', '">=8.1.3"')
    assert manifest(shop).read_text() == after
    refused = run("add", "safe>=2", "--no-sync")
    assert (refused.code, refused.err.partition(":")[0]) == (1, "error[several-entries]")
    assert run("update", "--bump", "--no-sync").code == 0
    after = after.replace('">=3.1"', '">=3.1.2"').replace('">=8.1.3"', '">=8.1.7"')
    assert manifest(shop).read_text() == after
    assert run("lock", "--check").code == 0
    assert run("remove", "flask", "--no-sync").code == 0
    assert "flask" not in manifest(shop).read_text()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_add_that_is_killed_leaves_files_that_can_be_worked_with(run: Run, shop: Path, packages: Registry) -> None:
    assert run("lock").code == 0
    for number in range(8):
        packages.wheel(f"pkg-{number}", "1.0")
        before = manifest(shop).read_bytes()
        with running("add", "--no-sync", f"pkg-{number}") as child, suppress(subprocess.TimeoutExpired):
            child.wait(timeout=0.15 + 0.05 * number)
        listed = dependencies(shop)
        assert manifest(shop).read_bytes() == before or f"pkg-{number}>=1.0" in listed
        assert run("lock", "--check").code in {0, 3}
        assert run("lock").code == 0
    assert run("lock", "--check").code == 0
