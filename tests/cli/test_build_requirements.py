"""What members are built with: each other, an environment of their own, constraints and hashes."""

from __future__ import annotations

import hashlib
import os
import py_compile
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.release_trees import BACKEND, member, members, with_backend
from tests.wheels import make_wheel


def test_a_member_can_be_a_build_requirement(run: Run, trees: Path) -> None:
    member(trees, "rules", needs=["words"])
    member(trees, "words")
    using = "import rules, words\n" + BACKEND
    member(trees, "app", requires=["rules"], backend=using)
    member(trees, "other")
    first = run("build", "--all-packages", "--json")
    assert first.code == 0, first.err
    (trees / "packages" / "words" / "src" / "words.py").write_text("NAME = 'changed'\n")
    second = members(run("build", "--all-packages", "--json").json())
    assert {name for name, found in second.items() if not found["cached"]} == {"words", "app"}


def test_members_with_equal_build_requirements_share_an_environment(run: Run, trees: Path, tmp_path: Path) -> None:
    member(trees, "rules")
    for name in ("one", "two", "three"):
        member(trees, name, requires=["rules"])
    assert run("build", "--all-packages").code == 0
    made = list((tmp_path / "cache" / "build-envs-v1").glob("??/*/complete"))
    assert len(made) == 2, "one that holds `rules`, and one with nothing for `rules` itself"


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def plant_bytecode(environment: Path) -> None:
    """What Python leaves when a disk is full, as backends of earlier versions of ours could."""
    [module] = environment.glob("lib/python*/site-packages/maker/part.py")
    made = py_compile.compile(str(module), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert made is not None
    truncate(Path(made))


def remove_module(environment: Path) -> None:
    [module] = environment.glob("lib/python*/site-packages/maker/part.py")
    module.unlink()


@pytest.mark.parametrize("harm", [plant_bytecode, remove_module])
@pytest.mark.parametrize("forget", [False, True])
def test_a_build_environment_that_is_damaged_is_made_anew(
    run: Run, trees: Path, tmp_path: Path, harm: Callable[[Path], None], forget: bool
) -> None:
    source = with_backend(trees)
    assert run("build", "--find-links", trees / "wheels").code == 0
    [complete] = (tmp_path / "cache" / "build-envs-v1").glob("??/*/complete")
    harm(complete.parent)
    if forget:
        shutil.rmtree(tmp_path / "cache" / "build-envs-v1" / "answers")
    source.write_text("changed = True\n")
    result = run("build", "--find-links", trees / "wheels")
    assert result.code == 0, result.err
    source.write_text("changed = 'again'\n")
    assert run("build", "--find-links", trees / "wheels").code == 0


def test_a_backend_that_fails_in_a_sound_environment_is_called_once(run: Run, trees: Path, tmp_path: Path) -> None:
    with_backend(trees)
    count = tmp_path / "count"
    failing = f"open({str(count)!r}, 'a').write('x')\nimport no_such\n"
    wheel = make_wheel("maker", "2.0", files={"maker/__init__.py": failing})
    (trees / "wheels" / wheel.filename).write_bytes(wheel.data)
    result = run("build", "--find-links", trees / "wheels", "--json")
    assert members(result.json())["app"]["error"]["code"] == "backend-unavailable"
    once = len(count.read_text())
    count.unlink()
    assert run("build", "--find-links", trees / "wheels").code == 1
    assert len(count.read_text()) == once


def test_backends_write_no_bytecode_into_what_is_shared(run: Run, trees: Path, tmp_path: Path) -> None:
    with_backend(trees)
    assert run("build", "--find-links", trees / "wheels").code == 0
    [complete] = (tmp_path / "cache" / "build-envs-v1").glob("??/*/complete")
    listed = {str(path) for path in complete.parent.rglob("*.pyc")}
    (trees / "packages" / "app" / "src" / "app.py").write_text("changed = True\n")
    assert run("build", "--find-links", trees / "wheels").code == 0
    assert {str(path) for path in complete.parent.rglob("*.pyc")} == listed


def test_members_that_need_each_other_to_be_built_are_named(run: Run, trees: Path) -> None:
    member(trees, "one", requires=["two"])
    member(trees, "two", needs=["one"])
    result = run("build", "--all-packages", "--json")
    assert (result.code, result.json()["error"]["code"]) == (1, "member-cycle")
    assert "one -> two -> one" in result.json()["error"]["message"]
    member(trees, "apart")
    assert run("build", "--package", "apart").code == 0


def test_a_longer_circle_of_build_requirements_is_named(run: Run, trees: Path) -> None:
    for name, need in (("one", "two"), ("two", "three"), ("three", "one")):
        member(trees, name, requires=[need])
    error = run("build", "--package", "two", "--json").json()["error"]
    assert (error["code"], error["facts"]["cycle"]) == ("member-cycle", ["one", "two", "three", "one"])


def test_a_backend_that_is_nowhere_is_an_error(run: Run, trees: Path) -> None:
    member(trees, "odd", requires=["no-such-backend>=2"])
    error = members(run("build", "--json").json())["odd"]["error"]
    assert (error["code"], "no-such-backend" in error["message"]) == ("no-solution", True)
    assert "odd" in error["message"]


def test_other_commands_build_with_siblings_too(run: Run, trees: Path) -> None:
    member(trees, "rules")
    path = member(trees, "app", requires=["rules"], backend="import rules\n" + BACKEND, more='dynamic = ["version"]\n')
    manifest = path / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('version = "1.0"\n', ""))
    backend = (path / "backend.py").read_text()
    (path / "backend.py").write_text(backend.replace('["project"]', '["project"] | {"version": "4.2"}'))
    assert run("lock").code == 0
    result = run("sync", "--package", "app", "--no-editable", "--json")
    assert result.code == 0, result.err
    assert run("version", "--package", "app", "-s").out == "4.2\n"


def test_build_constraints_count_and_mistakes_in_them_are_told(run: Run, trees: Path) -> None:
    member(trees, "rules", version="1.5")
    member(trees, "app", requires=["rules"])
    (trees / "ok.txt").write_text("# versions\nrules>=1  # any\n")
    (trees / "never.txt").write_text("rules<1\n")
    (trees / "bad.txt").write_text("-r other.txt\n")
    assert run("build", "--package", "app", "-b", "ok.txt").code == 0
    result = run("build", "--package", "app", "-b", "never.txt", "--json")
    assert members(result.json())["app"]["error"]["code"] == "no-solution"
    (trees / "odd.txt").write_text("rules>=1 --hash=sha256:abc\n")
    for name in ("bad.txt", "none.txt", "odd.txt"):
        error = run("build", "-b", name, "--json").json()["error"]
        assert error["code"] == "bad-build-constraints"
        assert "Errno" not in error["message"]


def test_build_requirements_are_what_their_hashes_say(run: Run, trees: Path) -> None:
    wheel = make_wheel("tool", "1.5")
    (trees / "wheels").mkdir()
    (trees / "wheels" / wheel.filename).write_bytes(wheel.data)
    member(trees, "app", requires=["tool"])
    digest = hashlib.sha256(wheel.data).hexdigest()
    texts = {
        "none": "tool==1.5",
        "right": f"tool==1.5 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{digest}\n",
    }
    texts["wrong"] = texts["right"].replace(digest, "1" * 64)
    for name, text in texts.items():
        (trees / f"{name}.txt").write_text(text)

    def code(*arguments: str) -> str | None:
        result = run("build", "--find-links", trees / "wheels", *arguments, "--json")
        error = members(result.json())["app"]["error"]
        return error["code"] if error else None

    assert code("-b", "none.txt") is None
    assert code("-b", "wrong.txt") == "unverified-build-requirement", "nothing that was built unchecked is taken"
    assert code("-b", "none.txt", "--require-hashes") == "unverified-build-requirement"
    assert code("--require-hashes") == "unverified-build-requirement"
    assert code("-b", "right.txt", "--require-hashes") is None


def test_without_sources_a_build_requirement_comes_from_the_index(run: Run, trees: Path) -> None:
    member(trees, "rules")
    member(trees, "app", requires=["rules"])
    error = members(run("build", "--package", "app", "--no-sources", "--json").json())["app"]["error"]
    assert error["code"] == "no-solution"
