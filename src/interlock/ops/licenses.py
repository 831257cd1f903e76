"""``interlock licenses``: under which terms what is installed may be used, from its own metadata."""

from __future__ import annotations

import os
from collections.abc import Mapping
from email.parser import HeaderParser
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.core.lock.reach import members_reaching
from interlock.core.names import NormalizedName
from interlock.envs.environments import VirtualEnvironment
from interlock.envs.installed import scan
from interlock.errors import EnvironmentFailure
from interlock.ops.environments import environment_path, look_at
from interlock.ops.reading import Locked
from interlock.ops.show import list_packages

__all__ = ["LicenseLine", "find_licenses"]


class LicenseLine(msgspec.Struct, frozen=True, kw_only=True):
    name: NormalizedName
    version: str
    license: str
    """An SPDX expression where the package has one, else what it says; empty when it says nothing or is not here."""
    installed: bool
    members: tuple[NormalizedName, ...] = ()


async def find_licenses(locked: Locked, environment: Mapping[str, str] | None) -> tuple[LicenseLine, ...]:
    """A line per package that is selected. Raises :class:`EnvironmentFailure` without an environment."""

    def look() -> dict[NormalizedName, tuple[str, str]]:
        workspace = locked.workspace
        member = workspace.find(workspace.current) if workspace.current is not None else None
        state = look_at(locked.context, environment_path(locked.context, workspace, member))
        if state.environment is None:
            raise EnvironmentFailure(f"There is no environment at {state.path}.", hint="Make it with `interlock sync`.")
        return _installed(state.environment)

    known = await anyio.to_thread.run_sync(look)
    reaching = members_reaching(locked.lock)
    found = []
    for line in list_packages(locked, environment, top_level=False):
        version, text = known.get(line.name, ("", ""))
        here = version == line.version
        members = next((names for key, names in reaching.items() if key[:2] == (line.name, line.version)), ())
        found.append(
            LicenseLine(
                name=line.name, version=line.version, license=text if here else "", installed=here, members=members
            )
        )
    return tuple(found)


def _installed(environment: VirtualEnvironment) -> dict[NormalizedName, tuple[str, str]]:
    found = {}
    for item in scan(environment):
        for folder in dict.fromkeys((environment.purelib, environment.platlib)):
            path = Path(os.path.join(folder, item.dist_info, "METADATA"))
            if path.is_file():
                found[item.name] = (item.version, _license(path.read_text(encoding="utf-8", errors="replace")))
                break
    return found


def _license(metadata: str) -> str:
    headers = HeaderParser().parsestr(metadata, headersonly=True)
    expression = headers.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [
        str(text).rpartition(" :: ")[2] for text in headers.get_all("Classifier", []) if "License ::" in text
    ]
    if classifiers:
        return " AND ".join(dict.fromkeys(classifiers))
    text = str(headers.get("License") or "").strip()
    return text.splitlines()[0][:80] if text else ""
