"""``interlock affected``."""

from __future__ import annotations

import json

from interlock.cli.call import Call
from interlock.cli.words import plural
from interlock.ops.showing.affected import AffectedMember, affected

__all__ = ["run"]

_SHOWN = 3
"""How many files or packages a line names before it counts the rest."""


async def run(call: Call) -> int:
    revision = call.text("since") or call.text("revision") or "HEAD"
    report = await affected(call.context, revision, frozen=call.flag("frozen"), locked=call.flag("locked"))
    members = report.members
    if call.json:
        call.document({"since": revision, "commit": report.commit, "members": members})
    elif call.given("matrix"):
        rows = [{"member": member.name, "path": member.path} for member in members]
        call.terminal.data(json.dumps({"include": rows}, separators=(",", ":")) + "\n")
    else:
        shown = [member.path if call.given("paths") else member.name for member in members]
        width = max(map(len, shown), default=0)
        for name, member in zip(shown, members, strict=True):
            call.terminal.data(f"{name:<{width}}  {_why(member)}" if call.given("why") else name)
        if not members:
            call.terminal.say(f"No member is affected by what changed since {revision}.")
    return 0


def _why(member: AffectedMember) -> str:
    reasons = [member.because] if member.because else []
    if member.files:
        reasons.append(f"{_some(member.files)} changed")
    if member.needs:
        reasons.append(f"needs {_some(member.needs)}")
    others = tuple(name for name in member.packages if name != member.name)
    if others:
        reasons.append(f"{_some(others)} locked differently")
    elif member.packages:
        reasons.append("what it asks for is locked differently")
    return "; ".join(reasons)


def _some(names: tuple[str, ...]) -> str:
    rest = len(names) - _SHOWN
    return f"{', '.join(names[:_SHOWN])} and {plural(rest, 'other')}" if rest > 0 else ", ".join(names)
