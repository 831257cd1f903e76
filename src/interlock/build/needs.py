"""Which build needs which: one that would have to wait for itself is told instead of waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from interlock.build.failures import BuildCycle

__all__ = ["Needs"]

_CHAIN: ContextVar[tuple[str, ...]] = ContextVar("_CHAIN", default=())


class Needs:
    """What the builds of one command have said of each other."""

    def __init__(self) -> None:
        self._needs: dict[str, dict[str, None]] = {}

    def __repr__(self) -> str:
        return f"<Needs of {len(self._needs)} builds>"

    @property
    def is_under_way(self) -> bool:
        """Whether this is asked within a build."""
        return bool(_CHAIN.get())

    @contextmanager
    def under_way(self, step: str) -> Iterator[None]:
        """What is built within is needed by this build."""
        token = _CHAIN.set((*_CHAIN.get(), step))
        try:
            yield
        finally:
            _CHAIN.reset(token)

    def enter(self, step: str) -> None:
        """Note that the build in progress needs this one; raise :class:`BuildCycle` when that closes a circle.

        The circle may be spread over tasks that would wait for each other, so it is looked for in what all have said.
        """
        chain = _CHAIN.get()
        if not chain:
            return
        self._needs.setdefault(chain[-1], {})[step] = None
        circle = _path(self._needs, step, chain[-1])
        if circle is not None:
            raise BuildCycle(
                f"{step} is needed to build itself: {' needs '.join((chain[-1], *circle))}.",
                hint="Use a wheel of one of them, or give it a version that comes as a wheel.",
                facts={"circle": [chain[-1], *circle]},
            )


def _path(needs: Mapping[str, Mapping[str, None]], start: str, end: str) -> list[str] | None:
    """The steps from one build to another it needs, both included."""
    pending = [[start]]
    seen = {start}
    while pending:
        path = pending.pop()
        if path[-1] == end:
            return path
        for step in needs.get(path[-1], ()):
            if step not in seen:
                seen.add(step)
                pending.append([*path, step])
    return None
