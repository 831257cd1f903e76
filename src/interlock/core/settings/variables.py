"""Variables: typed access to the ``INTERLOCK_*`` variables of an environment that is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from interlock.core.names import NormalizedName, is_name, normalize_name
from interlock.core.text.numbers import whole_number
from interlock.errors import UsageError

__all__ = ["MOST_SECONDS", "InvalidSetting", "Variables", "choose"]

_Word = TypeVar("_Word", bound=str)
MOST_SECONDS = 31_536_000
"""A year: what nobody waits for is not counted by every clock below us."""

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"", "0", "false", "no", "off", "n", "f"})


class InvalidSetting(UsageError):
    code = "invalid-setting"


class Variables:
    """One environment; an empty variable counts as unset."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __repr__(self) -> str:
        return f"<Variables {sorted(name for name in self._environ if name.startswith('INTERLOCK_'))}>"

    def text(self, name: str) -> str | None:
        return self._environ.get(f"INTERLOCK_{name}") or None

    def foreign(self, name: str) -> str:
        """A variable that is not ours, by its whole name; empty when unset."""
        return self._environ.get(name, "")

    def words(self, name: str) -> tuple[str, ...]:
        return tuple((self.text(name) or "").split())

    def names(self, name: str) -> tuple[NormalizedName, ...]:
        """Names of packages, normalised."""
        for text in self.words(name):
            if not is_name(text):
                raise InvalidSetting(
                    f"INTERLOCK_{name} has `{text[:40]}`, which is not a package name.",
                    hint="Put spaces between names; they hold letters, digits, `-`, `_` and `.`.",
                )
        return tuple(map(normalize_name, self.words(name)))

    def flag(self, name: str) -> bool | None:
        value = self._environ.get(f"INTERLOCK_{name}")
        if value is None:
            return None
        folded = value.strip().lower()
        if folded in _TRUE:
            return True
        if folded in _FALSE:
            return False
        raise InvalidSetting(
            f"INTERLOCK_{name} is `{value}`, which is neither true nor false.", hint="Use 1 or 0, or unset it."
        )

    def count(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        number = whole_number(value)
        if number is None:
            raise InvalidSetting(f"INTERLOCK_{name} is `{value[:40]}`, which is not a whole number.")
        return number

    def seconds(self, name: str) -> float | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds <= MOST_SECONDS:
            raise InvalidSetting(f"INTERLOCK_{name} is `{value[:40]}`, which is not a number of seconds.")
        return seconds

    def login(self, index: str) -> tuple[str, str] | None:
        """User name and password by the index's name: in our spelling, uv's or Poetry's."""
        key = normalize_name(index).upper().replace("-", "_")
        for prefix in (f"INTERLOCK_INDEX_{key}", f"UV_INDEX_{key}", f"POETRY_HTTP_BASIC_{key}"):
            user, password = self.foreign(f"{prefix}_USERNAME"), self.foreign(f"{prefix}_PASSWORD")
            if user or password:
                return user, password
        return None


def choose(allowed: tuple[_Word, ...], *candidates: tuple[str, str | None]) -> _Word:
    """The first candidate that says something, checked; the last one is the default.

    >>> choose(("a", "b"), ("--letter", None), ("letter", "b"))
    'b'
    """
    for origin, value in candidates:
        if value is not None:
            for word in allowed:
                if word == value:
                    return word
            names = ", ".join(name for name in allowed if name)
            raise InvalidSetting(f"{origin} is `{value}`.", hint=f"Use one of: {names}.")
    raise AssertionError("the last candidate is a default")
