"""``interlock licenses``: under which terms what is installed may be used, from its own metadata."""

from __future__ import annotations

from collections.abc import Mapping
from email.parser import HeaderParser

import anyio.to_thread
import msgspec

from interlock.core.lock.reach import members_reaching
from interlock.core.names import NormalizedName
from interlock.errors import EnvironmentFailure
from interlock.ops.showing.installed_metadata import environment_of, read_installed_metadata
from interlock.ops.showing.reading import Locked
from interlock.ops.showing.show import list_packages

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
        state = environment_of(locked)
        if state.environment is None:
            raise EnvironmentFailure(f"There is no environment at {state.path}.", hint="Make it with `interlock sync`.")
        return {
            name: (found.version, _license(found.headers)) for name, found in read_installed_metadata(state).items()
        }

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
