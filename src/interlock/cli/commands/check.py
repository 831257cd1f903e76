"""``interlock check``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.words import plural
from interlock.ops.locking.checking import check

__all__ = ["run"]


async def run(call: Call) -> int:
    """0 when all is well, 1 for errors, and for warnings with ``--strict``."""
    found = await check(call.context, with_lock=call.given("lock"))
    errors = [finding for finding in found if finding.level == "error"]
    code = 1 if errors or (found and call.given("strict")) else 0
    if call.json:
        call.document({"ok": not code, "findings": found})
        return code
    if call.text("format") == "github":
        for finding in found:
            call.terminal.data(
                f"::{finding.level} file={finding.file},title={finding.code}::{_escaped(finding.message)}"
            )
        return code
    for finding in found:
        call.terminal.data(f"{finding.level}[{finding.code}]: {finding.file}: {finding.message}")
    call.terminal.say(
        "All set!" if not found else f"{plural(len(errors), 'error')}, {plural(len(found) - len(errors), 'warning')}."
    )
    return code


def _escaped(text: str) -> str:
    """A message in a workflow command, where a new line would end it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
