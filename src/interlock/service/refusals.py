"""What a request is refused for: each a status of HTTP, and an error like any other of ours in the body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from interlock.errors import (
    BuildError,
    GitError,
    IndexFailure,
    IntegrityError,
    InterlockError,
    LockError,
    ManifestError,
    ResolutionError,
    ServiceError,
    UsageError,
)
from interlock.service.state.room import StoreFull

__all__ = [
    "BadRequest",
    "BodyTooLarge",
    "BodyTooSlow",
    "Draining",
    "HeadersTooLarge",
    "MethodRefused",
    "NothingHere",
    "Refusal",
    "ScopeMissing",
    "TokenRefused",
    "TooManyRequests",
    "UnknownProtocol",
    "status_of",
]


class Refusal(ServiceError):
    """The request is not carried out."""

    code = "refused"
    status: ClassVar[int] = 400

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer, beside those that every answer has."""
        return {}


class BadRequest(Refusal):
    """What was sent cannot be read."""

    code = "bad-request"


class TokenRefused(Refusal):
    """There is no token that is valid. Said of every path alike, before anything else is looked at."""

    code = "token-refused"
    status = 401

    def __init__(self, why: str) -> None:
        super().__init__(
            f"This service wants a token, and {why}.",
            hint="Send `Authorization: Bearer TOKEN`, or the token as the password of any user."
            " Whoever runs the service makes one with `interlock serve token create`.",
            facts={"reason": why},
        )

    @property
    def headers(self) -> dict[str, str]:
        # Basic is what pip, uv and twine answer to.
        return {"WWW-Authenticate": 'Basic realm="interlock", Bearer realm="interlock"'}


class ScopeMissing(Refusal):
    code = "scope-missing"
    status = 403

    def __init__(self, scope: str, scopes: Iterable[str]) -> None:
        has = sorted(scopes)
        super().__init__(
            f"This needs a token with the scope `{scope}`; the one that was sent has {', '.join(has) or 'none'}.",
            hint=f"Whoever runs the service makes one: `interlock serve token create --scope {scope}`.",
            facts={"scope": scope, "scopes": has},
        )


class NothingHere(Refusal):
    code = "nothing-here"
    status = 404

    def __init__(self, path: str) -> None:
        super().__init__("There is nothing at this address.", facts={"path": path[:200]})


class MethodRefused(Refusal):
    code = "method-refused"
    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(
            f"{method[:20]} is not what this address takes; it takes {allowed}.",
            facts={"method": method[:20], "allowed": allowed},
        )
        self.allowed = allowed

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": self.allowed}


class BodyTooSlow(Refusal):
    code = "body-too-slow"
    status = 408

    def __init__(self, received: int, seconds: float) -> None:
        super().__init__(
            f"Only {received} bytes came in {seconds:.0f} seconds.",
            hint="Send it again over a better connection.",
            facts={"received": received, "seconds": round(seconds)},
        )

    @property
    def headers(self) -> dict[str, str]:
        return {"Connection": "close"}


class BodyTooLarge(Refusal):
    code = "body-too-large"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"What was sent is larger than {limit} bytes.",
            hint="Whoever runs the service can raise `max-body-bytes` or `max-upload-bytes`.",
            facts={"limit": limit},
        )

    @property
    def headers(self) -> dict[str, str]:
        # What is still coming is not read.
        return {"Connection": "close"}


class UnknownProtocol(Refusal):
    code = "unknown-protocol"
    status = 415

    def __init__(self, asked: str, supported: Iterable[str]) -> None:
        known = sorted(supported)
        super().__init__(
            f"`{asked[:80]}` is not spoken here.",
            hint=f"This service speaks {', '.join(known)}; a client of another version does the work itself.",
            facts={"asked": asked[:80], "supported": known},
        )


class TooManyRequests(Refusal):
    code = "too-many-requests"
    status = 429

    def __init__(self, what: str, seconds: int) -> None:
        super().__init__(
            f"This token has {what}.",
            hint=f"Ask again in {seconds} second{'s' * (seconds > 1)}.",
            facts={"retry_after": seconds},
        )
        self.seconds = seconds

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.seconds)}


class HeadersTooLarge(Refusal):
    code = "headers-too-large"
    status = 431

    def __init__(self, limit: int) -> None:
        super().__init__(f"Address and headers are larger than {limit} bytes.", facts={"limit": limit})


class Draining(Refusal):
    code = "draining"
    status = 503

    def __init__(self) -> None:
        super().__init__("This service is about to end, and begins nothing new.", hint="Ask again in a few seconds.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "2", "Connection": "close"}


_NO_ROOM = 507
_STATUS: tuple[tuple[type[InterlockError], int], ...] = (
    (StoreFull, _NO_ROOM),
    (UsageError, 400),
    (ManifestError, 422),
    (ResolutionError, 422),
    (LockError, 422),
    (GitError, 422),
    (BuildError, 422),
    (IndexFailure, 502),
    (IntegrityError, 502),
)


def status_of(error: InterlockError) -> int:
    """The status of HTTP for any error: a refusal's own, else by whose fault it is."""
    if isinstance(error, Refusal):
        return error.status
    return next((status for family, status in _STATUS if isinstance(error, family)), 500)
