"""``interlock debug verify-lock``."""

from __future__ import annotations

import msgspec

from interlock.cli.call import Call
from interlock.cli.words import plural
from interlock.core.names import shown_member
from interlock.core.soundness.finding import Finding
from interlock.ops.locking.verify_lock import verify_lock

__all__ = ["run"]


async def run(call: Call) -> int:
    """0 when nothing is wrong, whatever there is to note; else 1."""
    found = await verify_lock(call.context)
    wrong = [finding for finding in found.findings if not finding.is_note]
    notes = len(found.findings) - len(wrong)
    if call.json:
        findings = [{"level": _level(one), **msgspec.to_builtins(one)} for one in found.findings]
        call.document({"ok": not wrong, "members": found.members, "packages": found.packages, "findings": findings})
        return 1 if wrong else 0
    for finding in found.findings:
        call.terminal.data(_line(finding))
    checked = f"{plural(found.members, 'member')} and {plural(found.packages, 'package')}"
    said = f"{len(wrong)} wrong, {plural(notes, 'note')}" if found.findings else "nothing wrong"
    call.terminal.say(f"{checked}: {said}.")
    return 1 if wrong else 0


def _level(finding: Finding) -> str:
    return "note" if finding.is_note else "error"


def _line(finding: Finding) -> str:
    where = f" Where: {finding.environment}." if finding.environment else ""
    members = ", ".join(shown_member(name) for name in finding.members[:3])
    more = f" and {len(finding.members) - 3} more" if len(finding.members) > 3 else ""
    needed = f" For: {members}{more}." if members else ""
    return f"{_level(finding)}[{finding.kind}]: {finding.message}{where}{needed}"
