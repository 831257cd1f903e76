"""Interlock: one shared lock for a Python monorepo, and environments, builds and releases made from it."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
