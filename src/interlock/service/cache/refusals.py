"""What the cache refuses."""

from __future__ import annotations

from interlock.service.refusals import Refusal

__all__ = ["AlreadyCached", "NotCached", "WrongDigest"]


class NotCached(Refusal):
    """Nothing is there, nothing for who asks, or no key. Always the same bytes."""

    code = "not-cached"
    status = 404

    def __init__(self) -> None:
        super().__init__("There is no such thing in the cache.", hint="Make it, and put it there.")


class AlreadyCached(Refusal):
    """Asked to create (``If-None-Match: *``), and it is there."""

    code = "already-cached"
    status = 412

    def __init__(self) -> None:
        super().__init__("There is one already.", hint="Use it, or send it without `If-None-Match`.")


class WrongDigest(Refusal):
    """What was sent is not what its address says."""

    code = "wrong-digest"
    status = 422

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(
            f"What was sent has the SHA-256 {actual}, and its address says {expected}.",
            hint="Nothing was kept. Send it again.",
            facts={"expected": expected, "actual": actual},
        )
