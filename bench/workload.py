"""A workload: what is there before each repetition, and which command is timed."""

from __future__ import annotations

from dataclasses import dataclass

from bench.workspace import Workspace

__all__ = ["Workload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    name: str
    title: str
    workspace: Workspace
    action: str
    """A key of :attr:`bench.tool.Tool.commands`."""
    tools: tuple[str, ...] = ("interlock", "uv")
    seed: tuple[str, ...] = ()
    """Actions run once beforehand, whose results the repetitions start from."""
    without: frozenset[str] = frozenset()
    """Removed before each repetition: "cache", "lock", "environment", "dist"."""
    change: bool = False
    """Before each repetition one member gains a dependency that the lock has not seen."""
    delayed: bool = False
    """Each response takes 30 ms longer."""
    project: bool = False
    """One plain project instead of a workspace."""
    quick: bool = False
    """Part of the quick profile."""
    reach: float | None = None
    aim: float | None = None
    curve: str = ""
    """The growth curve this is a point of."""
