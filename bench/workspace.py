"""Generated workspaces: the same bytes for the same description, with uv's tables, which every tool here reads."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.names import ESTATE, SCALE

__all__ = ["Workspace", "change_member", "member_manifest", "write_project", "write_workspace"]

PYTHON = ">=3.11"
NEWCOMER = "humanize"
"""Asked for by no member as generated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    members: int
    dynamic: bool = False
    """Versions come from the build backend."""
    estate: bool = False
    """Draw from the long list of packages, each named by some member."""
    third_party: bool = True
    """Members ask for packages of the index, not only for each other."""

    @property
    def slug(self) -> str:
        kind = "estate" if self.estate else "members"
        return f"{kind}-{self.members}{'-dynamic' if self.dynamic else ''}{'' if self.third_party else '-alone'}"


def write_workspace(workspace: Workspace, folder: Path) -> None:
    """Write the workspace afresh: a root without dependencies and ``members/member-0000`` onward."""
    shutil.rmtree(folder, ignore_errors=True)
    chosen = random.Random(f"{workspace.members}")
    names = ESTATE if workspace.estate else SCALE
    asked = _asked(workspace, names, chosen)
    sources = "".join(f"{_name(number)} = {{ workspace = true }}\n" for number in range(workspace.members))
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "bench-root"\nversion = "1.0"\nrequires-python = "{PYTHON}"\ndependencies = []\n\n'
        f'[tool.uv]\npackage = false\n\n[tool.uv.workspace]\nmembers = ["members/*"]\n\n[tool.uv.sources]\n{sources}'
    )
    for number in range(workspace.members):
        siblings = [_name(other) for other in chosen.sample(range(number), min(number, 4))]
        _write_member(folder, number, [*asked[number], *siblings], dynamic=workspace.dynamic)


def change_member(folder: Path, number: int, *, newcomer: bool) -> None:
    """Give one member one more dependency: one that others have, or one that is new to the workspace."""
    manifest = member_manifest(folder, number)
    text = manifest.read_text()
    gained = NEWCOMER if newcomer else next(name for name in sorted(SCALE) if f'"{name}' not in text)
    manifest.write_text(text.replace("dependencies = [", f'dependencies = ["{gained}", ', 1))


def member_manifest(folder: Path, number: int) -> Path:
    return folder / "members" / _name(number) / "pyproject.toml"


def write_project(folder: Path, index_url: str = "") -> None:
    """One project that asks for all the estate's packages: the shape tools without workspaces can lock."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wanted = "".join(f'    "{name}>={bound}",\n' for name, bound in sorted(ESTATE.items()))
    text = (
        '[project]\nname = "bench-project"\nversion = "1.0"\nrequires-python = ">=3.11,<4.0"\n'
        f"dependencies = [\n{wanted}]\n"
    )
    if index_url:
        text += (
            "\n[tool.poetry]\npackage-mode = false\n"
            f'\n[[tool.poetry.source]]\nname = "replica"\nurl = "{index_url}"\npriority = "primary"\n'
        )
    (folder / "pyproject.toml").write_text(text)


def _asked(workspace: Workspace, names: dict[str, str], chosen: random.Random) -> list[list[str]]:
    """What each member asks the index for: 8 names drawn, and in the estate also a share of the whole list."""
    if not workspace.third_party:
        return [[] for _ in range(workspace.members)]
    listed = sorted(names)
    asked = []
    for number in range(workspace.members):
        drawn = set(chosen.sample(listed, 8))
        if workspace.estate:
            drawn |= set(listed[number :: workspace.members])
        asked.append([f"{name}>={names[name]}" if chosen.random() < 0.5 else name for name in sorted(drawn)])
    return asked


def _name(number: int) -> str:
    return f"member-{number:04d}"


def _write_member(folder: Path, number: int, dependencies: list[str], *, dynamic: bool) -> None:
    module = f"member_{number:04d}"
    member = folder / "members" / _name(number)
    source = member / "src" / module
    source.mkdir(parents=True)
    (source / "__init__.py").write_text(f'"""Member {number}."""\n\n__version__ = "1.{number}"\n')
    (source / "work.py").write_text("\n\n".join(f"def step_{k}(x):\n    return x * {k}\n" for k in range(20)))
    version = 'dynamic = ["version"]' if dynamic else f'version = "1.{number}"'
    wanted = ", ".join(f'"{dependency}"' for dependency in dependencies)
    text = (
        f'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n'
        f'[project]\nname = "{_name(number)}"\n{version}\nrequires-python = "{PYTHON}"\ndependencies = [{wanted}]\n\n'
        f'[dependency-groups]\ndev = ["pytest", "ruff"]\n'
    )
    if dynamic:
        text += f'\n[tool.hatch.version]\npath = "src/{module}/__init__.py"\n'
    (member / "pyproject.toml").write_text(text)
