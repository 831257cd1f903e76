"""What leaves the workspace: ranges on other members by policy, and no paths of this machine."""

from __future__ import annotations

import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from interlock.build.sdist import read_pkg_info, unpack_sdist
from tests.cli.conftest import Run
from tests.release_trees import BACKEND, member


def policy(base: Path, text: str) -> None:
    (base / "pyproject.toml").write_text(
        f'[tool.interlock]\n{text}\n[tool.interlock.workspace]\nmembers = ["packages/*"]\n'
    )


def requires(base: Path, name: str, version: str = "1.0") -> list[str]:
    """``Requires-Dist`` of the wheel; the sdist's is the same."""
    stem = f"{name}-{version}"
    with zipfile.ZipFile(base / "dist" / f"{stem}-py3-none-any.whl") as archive:
        assert archive.testzip() is None
        wheel = archive.read(f"{stem}.dist-info/METADATA")
    pkg_info = read_pkg_info(base / "dist" / f"{stem}.tar.gz")
    assert pkg_info is not None
    found = [_requirements(text.decode()) for text in (pkg_info, wheel)]
    assert found[0] == found[1]
    return found[0]


def _requirements(metadata: str) -> list[str]:
    return [str(Requirement(text)) for text in Parser().parsestr(metadata).get_all("Requires-Dist") or ()]


def snapshot(base: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (base / "packages").rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("exact", ["c==2.3.1", "idna>=3"]),
        ("compatible", ["c<3,>=2.3.1", "idna>=3"]),
        ("minimum", ["c>=2.3.1", "idna>=3"]),
        ("none", ["c", "idna>=3"]),
        ("", ["c>=2.3.1", "idna>=3"]),
    ],
)
def test_each_policy_gives_its_range_and_leaves_the_sources_alone(
    run: Run, trees: Path, said: str, expected: list[str]
) -> None:
    policy(trees, f'internal-bounds = "{said}"' if said else "")
    member(trees, "a", needs=["b"])
    member(trees, "b", needs=["c", "idna>=3"])
    member(trees, "c", version="2.3.1")
    before = snapshot(trees)
    assert run("build", "--all-packages").code == 0
    assert requires(trees, "b") == expected
    assert requires(trees, "a") == [expected[0].replace("c", "b").replace("2.3.1", "1.0").replace("<3", "<2")]
    assert {path: data for path, data in snapshot(trees).items() if "__pycache__" not in path} == before


def test_a_bump_reaches_every_dependent(run: Run, trees: Path) -> None:
    policy(trees, 'internal-bounds = "exact"')
    member(trees, "a", needs=["b", "c"])
    member(trees, "b", needs=["c"])
    manifest = member(trees, "c") / "pyproject.toml"
    assert run("build", "--all-packages").code == 0
    manifest.write_text(manifest.read_text().replace('"1.0"', '"1.1"'))
    again = run("build", "--all-packages", "--json").json()
    assert not any(found["cached"] for found in again["members"] if found["name"] != "c")
    assert requires(trees, "a") == ["b==1.0", "c==1.1"]
    assert requires(trees, "b") == ["c==1.1"]


def test_the_sdist_builds_to_the_same_metadata_again(run: Run, trees: Path, tmp_path: Path) -> None:
    policy(trees, 'internal-bounds = "compatible"')
    more = '[project.optional-dependencies]\nmore = ["c"]\n[tool.interlock.sources]\nc = { workspace = true }\n'
    member(trees, "a", needs=["c [x] ; python_version > '3'"], more=more)
    member(trees, "c", version="0.4")
    assert run("build", "--all-packages").code == 0
    assert requires(trees, "a") == ['c[x]<0.5,>=0.4; python_version > "3"', 'c<0.5,>=0.4; extra == "more"']
    unpack_sdist(trees / "dist" / "a-1.0.tar.gz", tmp_path / "out")
    alone = run("build", "-C", tmp_path / "out" / "a-1.0", "--wheel", "-o", tmp_path / "again")
    assert alone.code == 0, alone.err
    with zipfile.ZipFile(tmp_path / "again" / "a-1.0-py3-none-any.whl") as made:
        assert _requirements(made.read("a-1.0.dist-info/METADATA").decode()) == requires(trees, "a")


def test_what_names_an_edge_beats_the_default_and_a_written_range(run: Run, trees: Path) -> None:
    policy(trees, 'internal-bounds = { default = "compatible", c = "exact", b = { d = "none" } }')
    member(trees, "a", needs=["b", "c>=0.5", "d>=0.1"])
    member(trees, "b", needs=["d>=0.1", "a"])
    for name in ("c", "d"):
        member(trees, name)
    assert run("build", "--all-packages").code == 0
    assert requires(trees, "a") == ["b<2,>=1.0", "c==1.0", "d>=0.1"]
    assert requires(trees, "b") == ["d", "a<2,>=1.0"]


def computing(trees: Path, name: str, computed: str) -> Path:
    """A member whose backend makes its dependencies up."""
    backend = BACKEND.replace('project.get("dependencies", [])', computed)
    tree = member(trees, name, backend=backend, more='dynamic = ["dependencies"]\n')
    (tree / "pyproject.toml").write_text((tree / "pyproject.toml").read_text().replace("dependencies = []\n", ""))
    return tree


def test_what_a_backend_insists_on_is_corrected_in_the_files(run: Run, trees: Path) -> None:
    policy(trees, 'internal-bounds = "exact"')
    computing(trees, "a", '["c", "other"]')
    member(trees, "c")
    result = run("build", "--all-packages")
    assert result.code == 0
    assert "computed-requirements" in result.err, "what cannot be helped is said"
    assert requires(trees, "a") == ["c==1.0", "other"]


def test_what_a_backend_computes_is_written_down_in_the_sdist(run: Run, trees: Path, tmp_path: Path) -> None:
    policy(trees, 'internal-bounds = "exact"')
    computing(trees, "a", 'project.get("dependencies", open("needs.txt").read().split())')
    (trees / "packages" / "a" / "needs.txt").write_text("c other>=2")
    member(trees, "c")
    result = run("build", "--all-packages")
    assert (result.code, "computed-requirements" in result.err) == (0, False)
    assert requires(trees, "a") == ["c==1.0", "other>=2"]
    unpack_sdist(trees / "dist" / "a-1.0.tar.gz", tmp_path / "out")
    alone = run("build", "-C", tmp_path / "out" / "a-1.0", "--wheel", "-o", trees / "dist")
    assert alone.code == 0, alone.err
    assert requires(trees, "a") == ["c==1.0", "other>=2"]
    only = run("build", "--package", "a", "--sdist", "--json", "-o", "only").json()["members"][0]["files"][0]
    assert Path(only["file"]).read_bytes() == (trees / "dist" / "a-1.0.tar.gz").read_bytes()


def test_computed_extras_are_written_down_with_their_markers(run: Run, trees: Path) -> None:
    computed = """project.get("optional-dependencies", {"more": ["c; python_version < '3.99'"], "all": ["other"]})"""
    backend = BACKEND.replace('project.get("optional-dependencies", {})', computed)
    backend = backend.replace("{text} ; extra", "{text} {'and' if ';' in text else ';'} extra")
    member(trees, "a", backend=backend, more='dynamic = ["optional-dependencies"]\n')
    member(trees, "c")
    result = run("build", "--all-packages", "--verify", "--json")
    assert {found["name"]: found["problems"] for found in result.json()["members"]} == {"a": [], "c": []}
    with zipfile.ZipFile(trees / "dist" / "a-1.0-py3-none-any.whl") as archive:
        found = _requirements(archive.read("a-1.0.dist-info/METADATA").decode())
    assert found == ['c>=1.0; python_full_version < "3.99" and extra == "more"', 'other; extra == "all"']


def test_a_computed_requirement_asks_only_for_the_versions_it_needs(run: Run, trees: Path) -> None:
    computing(trees, "a", 'project.get("dependencies", ["c"])')
    member(trees, "c")
    broken = "def prepare_metadata_for_build_wheel(folder, config_settings=None):\n    raise ValueError('no tags')\n"
    tree = member(trees, "d", backend=BACKEND + broken, more='dynamic = ["version"]\n')
    (tree / "pyproject.toml").write_text((tree / "pyproject.toml").read_text().replace('version = "1.0"\n', ""))
    assert run("build", "--package", "a").code == 0
    member(trees, "e", needs=["d"])
    error = run("build", "--package", "e", "--json").json()["members"][0]["error"]
    assert (error["code"], error["facts"]["needs"]) == ("version-unknown", "d")
    policy(trees, 'internal-bounds = { d = "none" }')
    assert run("build", "--package", "e").code == 0


def test_a_path_of_this_machine_never_leaves(run: Run, trees: Path) -> None:
    member(trees, "c")
    member(trees, "a", needs=[f"c @ file://{trees}/packages/c"])
    assert run("build", "--all-packages").code == 0
    assert requires(trees, "a") == ["c>=1.0"]
    with tarfile.open(trees / "dist" / "a-1.0.tar.gz") as archive:
        opened = archive.extractfile("a-1.0/pyproject.toml")
        assert opened is not None
        assert str(trees) not in opened.read().decode()


def test_sources_of_this_workspace_never_leave(run: Run, trees: Path) -> None:
    member(trees, "c")
    tree = member(trees, "a", needs=["c", "other", "remote"])
    manifest = tree / "pyproject.toml"
    manifest.write_text(
        manifest.read_text()
        + f"""
[tool.interlock.sources]
c = {{ workspace = true }}
other = {{ path = "{trees}/elsewhere" }}
remote = [{{ url = "https://files.test/remote-1.tar.gz", marker = "os_name == 'nt'" }},
          {{ path = "../../remote", marker = "os_name != 'nt'" }}]
"""
    )
    (trees / "elsewhere").mkdir()
    before = manifest.read_bytes()
    assert run("build", "--package", "a").code == 0
    assert manifest.read_bytes() == before
    with tarfile.open(trees / "dist" / "a-1.0.tar.gz") as archive:
        opened = archive.extractfile("a-1.0/pyproject.toml")
        assert opened is not None
        told = tomllib.loads(opened.read().decode())
    assert told["tool"]["interlock"]["sources"] == {
        "remote": [{"url": "https://files.test/remote-1.tar.gz", "marker": "os_name == 'nt'"}]
    }
    assert told["project"]["dependencies"] == ["c>=1.0", "other", "remote"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('internal-bounds = "tilde"', "'tilde'"),
        ('internal-bounds = { requests = "exact" }', "`requests`"),
        ("internal-bounds = { default = 3 }", "says 3"),
    ],
)
def test_a_policy_that_cannot_be_used_is_an_error(run: Run, trees: Path, text: str, words: str) -> None:
    policy(trees, text)
    member(trees, "a")
    error = run("build", "--json").json()["error"]
    assert error["code"] == "invalid-internal-bounds"
    assert words in error["message"]
