"""``interlock explain``: what the code of an error or a warning means."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.explanations import Explanation, explanations
from interlock.core.manifests.problems import suggest

__all__ = ["run"]


async def run(call: Call) -> int:
    known = explanations()
    code = call.text("code")
    if not code:
        raise BadValue("Which code?", hint="It stands in brackets: `error[no-solution]`.")
    asked = code.removeprefix("error").removeprefix("warning").strip("[]:")
    found = [one for one in known if one.code == asked]
    if not found:
        raise BadValue(f"There is no code `{asked}`.{suggest(asked, {one.code for one in known})}")
    if call.json:
        call.document({"code": asked, "explanations": found})
    else:
        call.terminal.data("\n".join(_text(one) for one in found))
    return 0


def _text(one: Explanation) -> str:
    where = one.kind if one.kind in {"error", "warning"} else f"interlock {_COMMANDS[one.kind]}"
    return f"{one.code} ({where})\n  {one.means}\n\n  For example: {one.example}\n  What to do: {one.remedy}\n"


_COMMANDS = {"check": "check", "verify-lock": "debug verify-lock"}
