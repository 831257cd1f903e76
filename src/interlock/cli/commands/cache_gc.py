"""``interlock cache gc``."""

from __future__ import annotations

import re

from interlock.cli.call import BadValue, Call
from interlock.cli.words import format_bytes
from interlock.ops.caching.cache_gc import collect

__all__ = ["parse_bytes", "run"]

_SIZE = re.compile(r"(\d{1,15})(?:\.(\d{1,3}))?\s*([KMGT]?)(?:I?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_bytes(text: str) -> int:
    """A size as people write it; units are of 1024, with `i` and without. Raises :class:`BadValue`.

    >>> parse_bytes("500MB"), parse_bytes("1.5 GiB"), parse_bytes("17")
    (524288000, 1610612736, 17)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise BadValue(f"`{text[:40]}` is no size.", hint="Write 5GB, 500M or a number of bytes.")
    part, unit = match[2] or "", _UNITS[match[3].upper()]
    return int(match[1] + part) * unit // int("1" + "0" * len(part))


async def run(call: Call) -> int:
    """0 when the cache is below the size, else 1: others work with it."""
    asked = call.text("max_size")
    if not asked:
        raise BadValue("How large the cache may be is not said.", hint="Add `--max-size 5GB`.")
    most = parse_bytes(asked)
    done = await collect(call.context.means.layout, most)
    if call.json:
        call.document({"entries": done.entries, "bytes": done.bytes, "kept": done.kept, "fits": done.kept <= most})
    else:
        dropped = "1 entry" if done.entries == 1 else f"{done.entries} entries"
        call.terminal.say(f"Dropped {dropped}, {format_bytes(done.bytes)}; {format_bytes(done.kept)} are kept.")
        if done.kept > most:
            call.terminal.say(f"That is more than {format_bytes(most)}: the rest is used by other processes.")
    return 0 if done.kept <= most else 1
