"""Which files a set of build requirements was answered with, so that their environment can be had again.

::

    build-envs-v1/answers/<question>    a BuildAnswer, by a digest of requirements, settings and interpreter
"""

from __future__ import annotations

import msgspec

from interlock.core.plan.plan import Wanted
from interlock.store.layout import Bucket, Layout

__all__ = ["BuildAnswer", "load_build_answer", "save_build_answer"]


class BuildAnswer(msgspec.Struct, frozen=True):
    digest: str
    """Of the environment."""
    at: float
    """Seconds since 1970."""
    wanted: tuple[Wanted, ...] = ()
    """What is in it. Absent from answers of earlier versions."""


def load_build_answer(layout: Layout, question: str) -> BuildAnswer | None:
    """None when it is not known. Blocking."""
    data = layout.read(layout.bucket(Bucket.BUILD_ENVIRONMENTS) / "answers" / question)
    if data is None:
        return None
    try:
        return msgspec.msgpack.decode(data, type=BuildAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def save_build_answer(layout: Layout, question: str, answer: BuildAnswer) -> None:
    path = layout.bucket(Bucket.BUILD_ENVIRONMENTS) / "answers" / question
    layout.remember(path, msgspec.msgpack.encode(answer))
