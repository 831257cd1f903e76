"""What is wrong with a pack."""

from __future__ import annotations

from interlock.errors import IntegrityError

__all__ = ["BadPack"]


class BadPack(IntegrityError):
    """A pack is damaged, cut off, or not what its own header says; nothing of it is taken."""

    code = "bad-pack"

    def __init__(self, why: str, *, name: str = "", sha256: str = "") -> None:
        of = f" (the file {sha256[:16]})" if sha256 else ""
        super().__init__(
            f"{name or 'The pack'} cannot be used: {why}{of}.",
            hint="Nothing of it was put into the cache. Make it anew with `interlock cache pack`.",
            facts={"pack": name, "why": why, "sha256": sha256},
        )
        self.why = why
        self.sha256 = sha256
