"""What is wrong with a manifest: collected while it is read, raised once with everything that was found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import msgspec

from interlock.core.manifests.lines import find_line
from interlock.errors import ManifestError

__all__ = ["BrokenToml", "InvalidManifest", "Problem", "Problems", "suggest"]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    """Dotted path of the key, ``project.version``."""
    message: str
    line: int | None = None


class InvalidManifest(ManifestError):
    """A manifest says things that cannot be used; :attr:`problems` has them all."""

    code = "invalid-manifest"

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        lines = [_sentence(file, problem) for problem in problems]
        super().__init__(
            lines[0] if len(lines) == 1 else f"{file} has {len(lines)} problems.\n  " + "\n  ".join(lines),
            facts={"file": file, "problems": [msgspec.to_builtins(problem) for problem in problems]},
        )
        self.file = file
        self.problems = problems


class BrokenToml(ManifestError):
    """The file is not TOML."""

    code = "broken-toml"

    def __init__(self, file: str, reason: str, *, conflicted: bool = False) -> None:
        position = re.search(r"\(at line (\d+), column (\d+)\)", reason)
        line, column = (int(position[1]), int(position[2])) if position else (None, None)
        head, found, _ = reason.rpartition("(at ")
        cause = head.rstrip() if found and reason.endswith(")") else reason
        where = f"{file}:{line}:{column}" if position else file
        super().__init__(
            f"{where}: this is not valid TOML: {cause[:1].lower()}{cause[1:]}.",
            hint="git left conflict markers in it: resolve them first." if conflicted else None,
            facts={"file": file, "line": line, "column": column},
        )
        self.file, self.line, self.column = file, line, column


class Problems:
    """Problems and warnings of one file while it is being read.

    :attr:`advice` collects what is wrong with values that only a build backend reads: whether that stops us depends on
    whose manifest it is, so the parser decides at the end.
    """

    def __init__(self, file: str, text: str, *, advice: Problems | None = None) -> None:
        self.file = file
        self.warnings: list[str] = []
        self._text = text
        self._found: list[Problem] = []
        self.advice = Problems(file, text, advice=self) if advice is None else self

    def __repr__(self) -> str:
        return f"<Problems {self.file} {len(self._found)}>"

    def add(self, where: tuple[str, ...], message: str, *, near: str = "") -> None:
        """Note a problem with the key at a path; ``near`` is text on its line when the key has several values."""
        line = find_line(self._text, where, near)
        self._found.append(Problem(key=".".join(where), message=message, line=line))

    def unknown(self, where: tuple[str, ...], key: str, known: Iterable[str]) -> None:
        """Note a key that does not exist, with the one that was probably meant."""
        self.add((*where, key), f"is not a known key.{suggest(key, known)}")

    def warn(self, message: str) -> None:
        self.warnings.append(f"{self.file}: {message}")

    def finish(self, *, strict: bool) -> tuple[str, ...]:
        """Raise :class:`InvalidManifest` when anything was noted, else give the warnings; advice is either."""
        found = self._found
        if strict:
            found = [*found, *self.advice._found]
        else:
            self.warnings.extend(_sentence(self.file, problem) for problem in self.advice._found)
        if found:
            raise InvalidManifest(self.file, tuple(found))
        return tuple(self.warnings)


def suggest(word: str, known: Iterable[str]) -> str:
    """`` Did you mean `x`?`` when one of the known words is close, else nothing."""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f" Did you mean `{close[0]}`?" if close else ""


def _sentence(file: str, problem: Problem) -> str:
    place = file if problem.line is None else f"{file}:{problem.line}"
    return f"{place}: `{problem.key}` {problem.message}"
