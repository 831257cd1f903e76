"""Smaller forms of wheels: their contents, or what changed since a wheel that the client has, made once and kept.

::

    frames-v1/ab/<key>      sha256 (64 digits) and size (16) of the contents, and the frame; empty: it is not worth it

A form is made of files that are here already, and while there is time for it; else the wheel goes as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic

import anyio
import anyio.to_thread
from msgspec.structs import replace

from interlock.core.artifacts.artifact import Artifact
from interlock.errors import InterlockError
from interlock.packs.header import Entry, Form
from interlock.packs.signatures import Signer
from interlock.packs.trees import make_frame
from interlock.service.pack_protocol import AskedFile
from interlock.service.packs.plans import Part
from interlock.service.proxy.files import Files
from interlock.service.proxy.project_pages import Located
from interlock.store.layout import Bucket, Layout

__all__ = ["HEAD", "Forms"]

HEAD = 80
"""Bytes before the frame in its file."""
_WORTH = {Form.TREE: 0.95, Form.DELTA: 0.6}
"""Parts of the wheel that a frame has at most."""
_BUDGET = 2.0
"""Seconds for one request in which forms are made; what there was no time for is made for the next one."""
_LARGEST = 96 << 20
"""Bytes of a wheel that forms are made of."""


class Forms:
    """``reserve`` is called with a number of bytes before they are written."""

    def __init__(self, layout: Layout, files: Files, signer: Signer, reserve: Callable[[int], None]) -> None:
        self._layout = layout
        self._files = files
        self._signer = signer
        self._reserve = reserve
        self._making = anyio.CapacityLimiter(1)

    def __repr__(self) -> str:
        return f"<Forms signed by {self._signer!r}>"

    async def choose(self, parts: Mapping[str, Part], asked: Mapping[str, AskedFile]) -> dict[str, Part]:
        """The parts of a plan, each in the smallest form that there is or can be made in time."""
        end = monotonic() + _BUDGET
        found: dict[str, Part] = {}
        for sha256, part in sorted(parts.items(), key=lambda item: -item[1].entry.length):
            found[sha256] = await self._smallest(part, asked[sha256], end)
        return found

    async def _smallest(self, part: Part, asked: AskedFile, end: float) -> Part:
        wheel = self._files.stored(part.located)
        if wheel is None or part.entry.length > _LARGEST:
            return part
        for form, sha256, base in (*self._bases(part.located, asked), (Form.TREE, "", None)):
            place = self._place(form, asked.sha256, sha256)
            if not place.exists():
                if monotonic() > end:
                    continue
                await anyio.to_thread.run_sync(self._make, place, wheel, base, form, limiter=self._making)
            signed = self._signed(part, form, sha256, place)
            if signed is not None:
                return signed
        return part

    def _bases(self, located: Located, asked: AskedFile) -> list[tuple[Form, str, Path | None]]:
        """Files of the same project on the same index: nobody learns by asking which others are here."""
        listing = located.found.page.listing
        wanted = set(asked.has)
        known: list[Artifact] = []
        if wanted:
            artifacts = (one for number in range(len(listing.versions)) for one in listing.artifacts(number))
            known = [one for one in artifacts if one.sha256 in wanted and one.is_wheel]
            known.sort(key=lambda one: asked.has.index(one.sha256))
        found: list[tuple[Form, str, Path | None]] = []
        for artifact in known:
            path = self._files.stored(replace(located, artifact=artifact))
            if path is not None and path.stat().st_size <= _LARGEST:
                found.append((Form.DELTA, artifact.sha256, path))
        return found

    def _make(self, place: Path, wheel: Path, base: Path | None, form: Form) -> None:
        """Make a frame and keep it, or keep that there is none."""
        content = b""
        with suppress(InterlockError, OSError):
            made = make_frame(wheel, base, self._layout.limits)
            if made is not None and len(made.frame) < _WORTH[form] * wheel.stat().st_size:
                content = f"{made.tree}{made.size:016x}".encode() + made.frame
        with suppress(InterlockError, OSError):
            # Without room for it, it is made again.
            self._reserve(len(content))
            self._layout.write(place, content)

    def _signed(self, part: Part, form: Form, base: str, place: Path) -> Part | None:
        try:
            with open(place, "rb") as file:
                head = file.read(HEAD).decode()
            length = place.stat().st_size - HEAD
        except (OSError, UnicodeDecodeError):
            return None
        if length <= 0:
            return None
        entry = Entry(
            sha256=part.entry.sha256, form=form, length=length, base=base, tree=head[:64], size=int(head[64:], 16)
        )
        return replace(part, entry=replace(entry, signature=self._signer.sign(entry)), path=str(place))

    def _place(self, form: Form, sha256: str, base: str) -> Path:
        key = hashlib.sha256(f"{form}\n{sha256}\n{base}".encode()).hexdigest()
        return self._layout.entry(Bucket.FRAMES, key)
