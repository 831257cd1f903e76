"""What `interlock lock` says when members cannot have what they ask for: the whole text, and the same as data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.cli.main import main
from tests.index_server import IndexServer
from tests.ops.clashes import CLASHES, Clash, write
from tests.registry import registry

IndexFactory = Callable[..., IndexServer]

MESSAGES = {
    "members": """\
`api` and `web` cannot both have what they require: no version of `idna` is both `<3` and `>=3.4`.
  api requires idna<3 (packages/api/pyproject.toml:5)
  web requires idna>=3.4 (packages/web/pyproject.toml:6)

hint: Change one of these requirements, or declare `api` and `web` as conflicting (`interlock lock\
 --declare-conflicts` does it) if they never share an environment.
""",
    "transitive": """\
`api` and `web` cannot both have what they require: no version of `core` is both `>=5` and `<5`.
  api requires client>=2 (packages/api/pyproject.toml:5)
    every version of client>=2 requires wire<2
      every version of wire<2 requires core<5
  web requires server (packages/web/pyproject.toml:5)
    every version of server requires core>=5

hint: Change one of these requirements, or declare `api` and `web` as conflicting (`interlock lock\
 --declare-conflicts` does it) if they never share an environment.
""",
    "python": """\
`app` requires `lib>=2` (packages/app/pyproject.toml:5) where python_full_version < '3.13', but lib 2.0 and 2.1 need\
 Python >=3.13.

hint: `requires-python = ">=3.13"` in app would admit lib 2.1; so would a marker `python_version >= '3.13'` on the\
 requirement.
""",
    "prerelease": """\
`app` requires `lib>=2` (packages/app/pyproject.toml:5), and none of the 3 versions of `lib` is that; the newest is\
 2.0rc1, a pre-release.

hint: 2.0rc1 is a pre-release of what is asked for; `lib>=2.0rc1` would admit it.
""",
    "yanked": """\
`app` requires `lib>=2` (packages/app/pyproject.toml:5), but lib 2.0 and 2.1 are yanked (broken).

hint: Only an exact requirement uses a yanked version: `lib==2.1`.
""",
    "missing": """\
`app` requires `corp-auth` (packages/app/pyproject.toml:5), and no index has a package `corp-auth` (asked: pypi).

hint: Check how `corp-auth` is spelt. Explicit indexes were not asked (corp): a source `corp-auth = { index = "corp" }`\
 would pin the name to one.
""",
    "cutoff": """\
`app` requires `lib>=2` (packages/app/pyproject.toml:5), but lib 2.0 was uploaded at 2026-03-01T00:00:00Z, after the\
 cutoff 2026-01-01T00:00:00Z.

hint: A later exclude-newer, or an exclude-newer-package entry for `lib`, would admit 2.0 and what came with it.
""",
    "platform": """\
`app` requires `native` (packages/app/pyproject.toml:5) where sys_platform == 'darwin' and platform_machine == 'arm64',\
 but every version of native has only wheels for cp312-cp312-manylinux_2_17_x86_64 and cp312-cp312-win_amd64 and no\
 source archive.

hint: Leave out the environments without a file of `native` (environments, or a marker on the requirement), or allow it\
 to be built from source if it has an sdist.
""",
    "extra": """\
The requirements of `model` exclude each other: no version of `torch` is both `==2.1` and `==2.2`.
  model[cpu] requires torch==2.1 (packages/model/pyproject.toml:7)
  model[gpu] requires torch==2.2 (packages/model/pyproject.toml:8)

hint: Change one of these requirements, or declare `model[cpu]` and `model[gpu]` as conflicting\
 (`interlock lock --declare-conflicts` does it) if they never share an environment.
""",
    "constraint": """\
`app` requires `server` (packages/app/pyproject.toml:5), which cannot be had: no version of `core` is both `<5` and\
 `>=5`.
  every version of server requires core>=5
  a constraint allows only core<5 (pyproject.toml:3)

hint: The constraint `core<5` is part of it: loosen it or remove it.
""",
    "override": """\
`app` requires `server` (packages/app/pyproject.toml:5), which cannot be had: no version of `core` is `>=6`.
  server 1.0 requires core>=6, as an override says (pyproject.toml:2)

hint: The override `core>=6` is part of it: change it or remove it.
""",
    "group": """\
The requirements of `app` exclude each other: no version of `django` is both `<5` and `>=5`.
  app requires django<5 (packages/app/pyproject.toml:5)
  the group dev of app requires stubs (packages/app/pyproject.toml:8)
    stubs 1.0 requires django>=5

hint: Change one of these requirements, or declare `app` and `app:dev` as conflicting if they never share an\
 environment.
""",
}


@pytest.mark.parametrize("name", CLASHES)
def test_the_message(name: str, tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]) -> None:
    clash = CLASHES[name]
    corp = index(registry(corp_auth={"1.0": []}))
    write(clash, tmp_path / "workspace", {"corp": corp.url})
    options = ["-C", str(tmp_path / "workspace"), "--default-index", index(clash.packages).url, "lock"]
    assert main(options) == 1
    assert capsys.readouterr().err == f"error[no-solution]: {MESSAGES[name]}"
    assert main([*options, "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    message, _, hint = MESSAGES[name].partition("\n\nhint: ")
    assert (error["code"], error["message"], error["hint"]) == ("no-solution", message, hint.strip())
    facts = error["facts"]
    assert facts["hints"] == [error["hint"]]
    for entry in facts["requirements"]:
        # Whoever is blamed is named in the text, with the place.
        assert entry["at"] in message
        assert entry["member"] in message
    assert not (tmp_path / "workspace" / "interlock.lock").exists()
    assert not corp.requests


def test_the_evidence_is_there_as_data(tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]) -> None:
    clash = CLASHES["constraint"]
    write(clash, tmp_path / "workspace")
    main(["-C", str(tmp_path / "workspace"), "--default-index", index(clash.packages).url, "--json", "lock"])
    facts = json.loads(capsys.readouterr().out)["error"]["facts"]
    assert facts == {
        "where": "",
        "requirements": [
            {
                "member": "app",
                "path": "packages/app",
                "table": "dependencies",
                "requirement": "server",
                "at": "packages/app/pyproject.toml:5",
            }
        ],
        "dependencies": [
            {
                "package": "server",
                "versions": ["1.0", "1.1"],
                "requirement": "core>=5",
                "kind": "requirement",
                "at": "",
            }
        ],
        "constraints": [{"requirement": "core<5", "at": "pyproject.toml:3"}],
        "ruled-out": [],
        "missing": [],
        "hints": ["The constraint `core<5` is part of it: loosen it or remove it."],
    }


def test_two_of_three_hundred_members_are_named_and_nobody_else(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Members 17 and 203 clash over what the second only needs through another package."""
    members = {f"m{number:03}": 'dependencies = ["common", "framework>=2"]\n' for number in range(300)}
    members["m017"] = 'dependencies = [\n    "common",\n    "numbers<2",\n]\n'
    members["m203"] = 'dependencies = [\n    "framework",\n    "common",\n    "plots>=3",\n]\n'
    packages = registry(
        common={"1.0": [], "2.0": ["numbers"]},
        framework={f"{number}.0": ["common", "numbers"] for number in range(1, 9)},
        plots={f"3.{number}": ["numbers>=2", "common"] for number in range(12)},
        numbers={"1.0": [], "1.9": [], "2.0": [], "2.1": []},
    )
    write(Clash(members=members, packages=packages), tmp_path / "workspace")
    options = ["-C", str(tmp_path / "workspace"), "--default-index", index(packages).url, "lock"]
    assert main(options) == 1
    message = capsys.readouterr().err
    assert message == (
        "error[no-solution]: `m017` and `m203` cannot both have what they require: no version of `numbers` is both"
        " `<2` and `>=2`.\n"
        "  m017 requires numbers<2 (packages/m017/pyproject.toml:7)\n"
        "  m203 requires plots>=3 (packages/m203/pyproject.toml:8)\n"
        "    every version of plots requires numbers>=2\n"
        "\nhint: Change one of these requirements, or declare `m017` and `m203` as conflicting"
        " (`interlock lock --declare-conflicts` does it) if they never share an environment.\n"
    )
    assert main([*options, "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)["error"]["facts"]
    assert [entry["at"] for entry in facts["requirements"]] == [
        "packages/m017/pyproject.toml:7",
        "packages/m203/pyproject.toml:8",
    ]


def test_an_upgrade_that_cannot_be_had_is_not_called_a_constraint(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = registry(lib={"1.0": [], "2.0": []})
    write(Clash(members={"app": 'dependencies = ["lib<2"]\n'}, packages=packages), tmp_path / "workspace")
    options = ["-C", str(tmp_path / "workspace"), "--default-index", index(packages).url, "lock"]
    assert main(options) == 0
    before = (tmp_path / "workspace" / "interlock.lock").read_bytes()
    capsys.readouterr()
    assert main([*options, "-P", "lib==2.0"]) == 1
    assert capsys.readouterr().err == (
        "error[no-solution]: `app` requires `lib<2` (packages/app/pyproject.toml:5), which the upgrade that was asked"
        " for, `lib==2.0`, forbids.\n"
        "  the upgrade that was asked for allows only lib==2.0\n"
        "\nhint: Ask for another version than `lib==2.0`, or change what forbids it.\n"
    )
    assert (tmp_path / "workspace" / "interlock.lock").read_bytes() == before


def test_an_index_behind_the_first_is_suggested_and_not_asked(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first index that has a name answers for it; falling through would be dependency confusion."""
    first, second = index(registry(lib={"1.0": []})), index(registry(lib={"2.0": []}))
    tool = f'[[tool.uv.index]]\nname = "corp"\nurl = "{first.url}"\n'
    clash = Clash(members={"app": 'dependencies = ["lib>=2"]\n'}, tool=tool, packages=registry())
    write(clash, tmp_path / "workspace")
    assert main(["-C", str(tmp_path / "workspace"), "--default-index", second.url, "lock"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "hint: `lib` is taken from the first index that has it; those behind it were not asked (pypi)."
        ' A source `lib = { index = "pypi" }` would take it from there.'
    )
    assert not second.paths("lib")


def test_files_without_upload_times_and_a_cutoff(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = registry(lib={"1.0": []})
    tool = 'exclude-newer = "2026-01-01T00:00:00Z"\n'
    write(Clash(members={"app": 'dependencies = ["lib"]\n'}, tool=tool, packages=packages), tmp_path / "workspace")
    server = index(packages, upload_times=False)
    options = ["-C", str(tmp_path / "workspace"), "--default-index", server.url, "lock"]
    assert main(options) == 1
    assert capsys.readouterr().err == (
        "error[no-solution]: `app` requires `lib` (packages/app/pyproject.toml:5), but lib 1.0 has no upload time on"
        " the index, so the cutoff 2026-01-01T00:00:00Z excludes it.\n"
        "\nhint: `exclude-newer-package = { lib = false }` exempts `lib` from the cutoff.\n"
    )
    manifest = tmp_path / "workspace" / "pyproject.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(tool, f"{tool}exclude-newer-package = {{ lib = false }}\n"), encoding="utf-8")
    assert main(options) == 0


def test_a_script_is_named_with_its_file(
    tmp_path: Path, index: IndexFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "tool.py"
    script.write_text('# /// script\n# dependencies = ["lib>=2"]\n# ///\n', encoding="utf-8")
    server = index(registry(lib={"1.0": []}))
    assert main(["-C", str(tmp_path), "--default-index", server.url, "lock", "--script", "tool.py"]) == 1
    assert capsys.readouterr().err.startswith(
        "error[no-solution]: `script` requires `lib>=2` (tool.py), and the only version of `lib` is 1.0.\n"
    )
