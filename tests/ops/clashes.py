"""Workspaces that cannot be locked, each for another reason, with the index that makes it so.

The tool table is written in uv's spelling, which we read as it stands: the same files can be given to uv.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.registry import Registry, registry
from tests.wheels import make_wheel

__all__ = ["CLASHES", "Clash", "write"]


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    members: dict[str, str]
    """Name to the text of its manifest behind ``requires-python``."""
    tool: str = ""
    """More lines of the root's ``[tool.uv]``."""
    packages: Registry
    python: str = ">=3.11"


def write(clash: Clash, root: Path, values: Mapping[str, str] | None = None) -> None:
    """Write the workspace; ``values`` fill the ``{...}`` of its tool table (addresses that only a test knows)."""
    tool = clash.tool
    for key, value in (values or {}).items():
        tool = tool.replace(f"{{{key}}}", value)
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(
        f'[tool.uv]\n{tool}\n[tool.uv.workspace]\nmembers = ["packages/*"]\n', encoding="utf-8"
    )
    for name, text in clash.members.items():
        folder = root / "packages" / name
        folder.mkdir(parents=True)
        head = f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = "{clash.python}"\n'
        (folder / "pyproject.toml").write_text(head + text, encoding="utf-8")


def _python() -> Registry:
    made = registry(lib={"1.0": []})
    for version in ("2.0", "2.1"):
        made.wheel("lib", version, requires_python=">=3.13")
    return made


def _yanked() -> Registry:
    made = registry(lib={"1.0": []})
    for version in ("2.0", "2.1"):
        made.publish(make_wheel("lib", version), yanked="broken")
    return made


def _late() -> Registry:
    made = registry(lib={"1.0": []})
    made.publish(make_wheel("lib", "2.0"), upload_time="2026-03-01T00:00:00.000000Z")
    return made


def _wheels() -> Registry:
    made = Registry()
    for version in ("1.0", "1.1"):
        for tag in ("cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-win_amd64"):
            made.add(make_wheel("native", version, tag=tag))
    return made


CLASHES: dict[str, Clash] = {
    "members": Clash(
        members={"api": 'dependencies = ["idna<3"]\n', "web": 'dependencies = [\n    "idna>=3.4",\n]\n'},
        packages=registry(idna={"2.10": [], "3.3": [], "3.4": [], "3.10": []}),
    ),
    "transitive": Clash(
        members={"api": 'dependencies = ["client>=2"]\n', "web": 'dependencies = ["server"]\n'},
        packages=registry(
            client={"1.0": ["core"], "2.0": ["wire<2"], "2.1": ["wire<2"]},
            wire={"1.0": ["core<5"], "1.1": ["core<5"], "2.0": ["core"]},
            server={"1.0": ["core>=5"], "1.1": ["core>=5"]},
            core={"4.0": [], "5.0": []},
        ),
    ),
    "python": Clash(members={"app": 'dependencies = ["lib>=2"]\n'}, packages=_python()),
    "prerelease": Clash(
        members={"app": 'dependencies = ["lib>=2"]\n'}, packages=registry(lib={"1.0": [], "2.0b1": [], "2.0rc1": []})
    ),
    "yanked": Clash(members={"app": 'dependencies = ["lib>=2"]\n'}, packages=_yanked()),
    "missing": Clash(
        members={"app": 'dependencies = ["corp-auth", "lib"]\n'},
        tool='[[tool.uv.index]]\nname = "corp"\nurl = "{corp}"\nexplicit = true\n',
        packages=registry(lib={"1.0": []}),
    ),
    "cutoff": Clash(
        members={"app": 'dependencies = ["lib>=2"]\n'},
        tool='exclude-newer = "2026-01-01T00:00:00Z"\n',
        packages=_late(),
    ),
    "platform": Clash(
        members={"app": 'dependencies = ["native"]\n'},
        tool="required-environments = [\"sys_platform == 'darwin' and platform_machine == 'arm64'\"]\n",
        packages=_wheels(),
        python="==3.12.*",
    ),
    "extra": Clash(
        members={
            "model": 'dependencies = []\n[project.optional-dependencies]\ncpu = ["torch==2.1"]\ngpu = ["torch==2.2"]\n'
        },
        packages=registry(torch={"2.1": [], "2.2": []}),
    ),
    "constraint": Clash(
        members={"app": 'dependencies = ["server"]\n'},
        tool='constraint-dependencies = [\n    "core<5",\n]\n',
        packages=registry(server={"1.0": ["core>=5"], "1.1": ["core>=5"]}, core={"4.0": [], "5.0": []}),
    ),
    "override": Clash(
        members={"app": 'dependencies = ["server"]\n'},
        tool='override-dependencies = ["core>=6"]\n',
        packages=registry(server={"1.0": ["core>=5"]}, core={"4.0": [], "5.0": []}),
    ),
    "group": Clash(
        members={
            "app": 'dependencies = ["django<5"]\n[dependency-groups]\ndev = [\n    "stubs",\n]\n',
        },
        packages=registry(django={"4.2": [], "5.0": []}, stubs={"1.0": ["django>=5"]}),
    ),
}
