"""The errors people see.

Every failure that is not a bug of ours is an :class:`InterlockError`. Leaf classes live in the room that raises
them; this module holds the root, the families and the exit codes::

    InterlockError                 exit 1   the user's world is wrong
    |-- UsageError                 exit 2   the command line is wrong
    |-- ManifestError              exit 1   a pyproject.toml says something that cannot be used
    |-- ResolutionError            exit 1   no set of versions satisfies everything asked
    |-- LockError                  exit 1   interlock.lock cannot be used; exit 3 where it is missing or outdated
    |-- IndexFailure               exit 1   an index did not give what was needed
    |-- IntegrityError             exit 1   bytes are not what was promised
    |-- GitError                   exit 1
    |-- BuildError                 exit 1
    |-- EnvironmentFailure         exit 1   interpreters and virtual environments
    |-- InstallError               exit 1
    |-- PublishError               exit 1   files cannot be published, or an index did not take them
    `-- ServiceError               exit 1   a service cannot start, or refuses a request

``code`` is stable, kebab-case and unique; scripts match on it. The message is one or more plain sentences without
markup; the surface renders it once.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import ClassVar

__all__ = [
    "BuildError",
    "EnvironmentFailure",
    "GitError",
    "IndexFailure",
    "InstallError",
    "IntegrityError",
    "InterlockError",
    "LockError",
    "ManifestError",
    "PublishError",
    "ResolutionError",
    "ServiceError",
    "UsageError",
    "bug_document",
    "error_document",
    "first_error",
    "first_reason",
    "leaves",
    "redact",
]


class InterlockError(Exception):
    """A failure to explain to a person: what happened, the evidence, what to do."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None, facts: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        """What the reader can do about it; one sentence, or None."""
        self.facts: dict[str, object] = facts or {}
        """The evidence as data (JSON-serialisable), for ``--json``."""

    def __str__(self) -> str:
        return self.message


class UsageError(InterlockError):
    code = "usage"
    exit_code = 2


class ManifestError(InterlockError):
    code = "manifest"


class ResolutionError(InterlockError):
    code = "resolution"


class LockError(InterlockError):
    code = "lock"


class IndexFailure(InterlockError):
    code = "index"


class IntegrityError(InterlockError):
    code = "integrity"


class GitError(InterlockError):
    code = "git"


class BuildError(InterlockError):
    code = "build"


class EnvironmentFailure(InterlockError):
    code = "environment"


class InstallError(InterlockError):
    code = "install"


class PublishError(InterlockError):
    code = "publish"


class ServiceError(InterlockError):
    code = "service"


def leaves(failure: BaseException) -> Iterator[BaseException]:
    """What an exception group is made of, in order, however it is nested; anything else is its own only leaf."""
    waiting = [failure]
    while waiting:
        found = waiting.pop()
        if isinstance(found, BaseExceptionGroup):
            waiting += reversed(found.exceptions)
        else:
            yield found


_RANKS = (InterlockError, OSError, Exception)


def first_reason(failure: BaseException) -> BaseException:
    """The leaf that a person should hear about: ours before the machine's before a bug, and the first of these."""
    return min(leaves(failure), key=_rank)


def _rank(leaf: BaseException) -> list[bool]:
    return [not isinstance(leaf, rank) for rank in _RANKS]


def first_error(failure: BaseException) -> InterlockError | None:
    """The first leaf, where all are ours; None where something else is among them, which nothing must hide."""
    found = [leaf if isinstance(leaf, InterlockError) else None for leaf in leaves(failure)]
    return found[0] if all(leaf is not None for leaf in found) else None


def redact(text: str) -> str:
    """Hide user names and passwords of URLs, wherever they come from.

    >>> redact("GET https://ann:secret@index.test/simple/ failed")
    'GET https://****@index.test/simple/ failed'
    """
    if "@" not in text or "://" not in text:
        return text
    head, *pieces = text.split("://")
    clean = [head]
    for piece in pieces:
        end = next((place for place, letter in enumerate(piece) if letter in "/?#\"'`<> \n"), len(piece))
        authority, rest = piece[:end], piece[end:]
        login, at, host = authority.rpartition("@")
        # `git@host` in an ssh URL is a part of the address, not a secret.
        hide = at and not (login == "git" and clean[-1].endswith("ssh"))
        clean.append(f"****@{host}{rest}" if hide else piece)
    return "://".join(clean)


def error_document(error: InterlockError) -> dict[str, object]:
    """A failure as data: what ``--json`` and the service say."""
    return {
        "error": {
            "code": error.code,
            "message": redact(error.message),
            "hint": redact(error.hint) if error.hint else None,
            "facts": error.facts,
        }
    }


def bug_document(summary: str) -> dict[str, object]:
    return {"error": {"code": "bug", "message": redact(summary), "hint": None, "facts": {}}}
