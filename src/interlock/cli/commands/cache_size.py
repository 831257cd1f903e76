"""``interlock cache size``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.words import format_bytes
from interlock.ops.caching.cache import measure

__all__ = ["run"]


async def run(call: Call) -> int:
    sizes = await measure(call.context.means.layout)
    total = sum(size.bytes for size in sizes)
    if call.json:
        call.document({"path": str(call.context.means.layout.root), "bytes": total, "buckets": sizes})
    elif call.given("bytes"):
        call.terminal.data(str(total))
    else:
        rows = [(size.name.rpartition("-")[0], format_bytes(size.bytes), f"{size.files} files") for size in sizes]
        rows.append(("total", format_bytes(total), f"{sum(size.files for size in sizes)} files"))
        call.terminal.data("".join(f"{name:<14} {amount:>10}  {files}\n" for name, amount, files in rows))
    return 0
