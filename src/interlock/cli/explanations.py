"""What codes of errors and warnings mean, for people: read from ``explanations.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

__all__ = ["Explanation", "explanations"]


class Explanation(msgspec.Struct, frozen=True):
    """Of one code in one role; each text is one or two plain sentences."""

    code: str
    kind: str
    """``error | warning | check | verify-lock``: what stops a command, what does not, and what two commands find."""
    means: str
    example: str
    remedy: str


def explanations() -> tuple[Explanation, ...]:
    """All of them, by kind and code."""
    text = Path(__file__).with_name("explanations.toml").read_text(encoding="utf-8")
    return tuple(
        Explanation(code, kind, *sentences)
        for kind, entries in tomllib.loads(text).items()
        for code, sentences in entries.items()
    )
