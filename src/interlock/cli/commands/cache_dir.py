"""``interlock cache dir``."""

from __future__ import annotations

from interlock.cli.call import Call

__all__ = ["run"]


def run(call: Call) -> int:
    root = str(call.context.means.layout.root)
    if call.json:
        call.document({"path": root})
    else:
        call.terminal.data(root)
    return 0
