"""What is to be said of a workspace each time it is locked, though it can be."""

from __future__ import annotations

from interlock.core.members.narrowing import describe_narrowings, narrow
from interlock.events import Warned
from interlock.resolution.reading import Reading
from interlock.resolution.stale_pins import describe_stale_pins, stale_pins

__all__ = ["remarks"]


def remarks(reading: Reading) -> tuple[Warned, ...]:
    """What the manifests warn of, members locked for fewer Pythons than they say, and stale pins; blocking."""
    workspace = reading.workspace
    found = [Warned("manifest", text) for text in dict.fromkeys(workspace.warnings)]
    narrowed = narrow(reading.asks, reading.tool.environments)
    found += [Warned("narrowed-python", text) for text in describe_narrowings(narrowed.narrowings)]
    pins = stale_pins(workspace, reading.asks)
    found += [Warned("stale-pin", text) for text in describe_stale_pins(workspace, pins)]
    return tuple(found)
