"""``interlock cache verify``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.ops.caching.verify_cache import verify_cache

__all__ = ["run"]


async def run(call: Call) -> int:
    """0 when everything is what was put there, or is so again, else 1."""
    repair = call.given("repair")
    jobs = call.context.means.settings.concurrent_installs
    report = await verify_cache(call.context.means.layout, repair=repair, force=call.given("force"), jobs=jobs)
    if call.json:
        call.document(
            {"ok": report.ok, "checked": report.checked, "skipped": report.skipped, "problems": report.problems}
        )
        return 0 if report.ok else 1
    for one in report.problems:
        name = f"{one.name} ({one.entry})" if one.name else one.entry
        call.terminal.data(f"{name}{': dropped' if one.dropped else ''}")
        call.terminal.data("".join(f"  {problem}\n" for problem in one.problems))
    looked = f"Looked at {sum(report.checked.values())} entries of {call.context.means.layout.root}"
    if not report.problems:
        call.terminal.say(f"{looked}: all are what was put there.")
    elif report.ok:
        call.terminal.say(f"{looked}: {len(report.problems)} were not what was put there, and are dropped.")
    else:
        left = sum(not one.dropped for one in report.problems)
        hint = (
            "" if repair else " `interlock cache verify --repair` drops them, so that they are fetched or built anew."
        )
        call.terminal.say(f"{looked}: {left} are not what was put there.{hint}")
    if report.skipped:
        call.terminal.say(f"Not looked at, since nothing tells what it was: {', '.join(report.skipped)}.")
    return 0 if report.ok else 1
