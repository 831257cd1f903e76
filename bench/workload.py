"""A workload: what is there before each repetition, and which command is timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    change: Literal["", "known", "newcomer"] = ""
    """Before each repetition one member gains a dependency: one that the lock has for others, or one it has not."""
    delayed: bool = False
    """Each response takes 30 ms longer."""
    project: bool = False
    """One plain project instead of a workspace."""
    quick: bool = False
    """Part of the quick profile."""
    reach: float | None = None
    aim: float | None = None
    against: str = "uv"
    """The tool that ``reach`` and ``aim`` are ratios to."""
    curve: str = ""
    """The growth curve this is a point of."""
