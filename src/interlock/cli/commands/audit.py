"""``interlock audit``."""

from __future__ import annotations

from interlock import __version__
from interlock.cli.call import Call
from interlock.cli.selecting import selection_flags
from interlock.cli.words import plural
from interlock.ops.auditing.audit import AuditOptions, audit
from interlock.ops.auditing.report import AuditReport
from interlock.ops.auditing.sarif import sarif_document
from interlock.ops.auditing.wording import finding_lines
from interlock.workspace.selection import SelectionFlags

__all__ = ["run"]


async def run(call: Call) -> int:
    """1 when something is known against what is locked that is not set aside."""
    flags = selection_flags(call)
    options = AuditOptions(
        # A URL may hold commas; so one option is one place.
        advisories=tuple(call.values.advisories),
        selection=selection_flags(call, everyone=True) if flags != SelectionFlags() else None,
        frozen=call.flag("frozen"),
        locked=call.flag("locked"),
    )
    report = await audit(call.context, options)
    chosen = "json" if call.json else call.text("format") or "text"
    if chosen == "sarif":
        call.document(sarif_document(report, __version__))
    elif chosen == "json":
        call.document({"ok": report.ok, **{name: getattr(report, name) for name in report.__struct_fields__}})
    else:
        _show(call, report)
    _say(call, report)
    return 0 if report.ok else 1


def _show(call: Call, report: AuditReport) -> None:
    for finding in report.findings:
        call.terminal.data("".join(f"{line}\n" for line in finding_lines(finding)))


def _say(call: Call, report: AuditReport) -> None:
    say = call.terminal.say
    for finding in report.ignored:
        assert finding.excuse is not None
        until = f"until {finding.excuse.until}: {finding.excuse.reason}"
        say(f"Ignored: {finding.id} of {finding.package} {finding.version}, {until} ({finding.excuse.place}).")
    for excuse in report.unused:
        say(f"{excuse.place}: nothing was found that {excuse.id} is ignored for; the entry can go.")
    if report.withdrawn:
        say(f"Withdrawn, so not counted: {', '.join(report.withdrawn)}.")
    if report.incomparable:
        say(f"Judged by the versions they list alone, since their ranges hold none: {', '.join(report.incomparable)}.")
    if report.skipped:
        say(f"Not judged, since the lock does not know their versions: {', '.join(report.skipped)}.")
    for upgrade in report.upgrades:
        say(f"{upgrade.package} {upgrade.to} is free of all this: `interlock lock -P {upgrade.package}=={upgrade.to}`.")
    judged = f"{plural(report.packages, 'package')} judged by {plural(report.advisories, 'advisory')}"
    if report.advisories != 1:
        judged = f"{plural(report.packages, 'package')} judged by {report.advisories} advisories"
    newest = f", the newest of {report.newest[:10]}" if report.newest else ""
    flawed = len({(one.package, one.version) for one in report.findings})
    what = f"{plural(len(report.findings), 'finding')} in {plural(flawed, 'package')}" if flawed else "nothing found"
    say(f"{judged}{newest}: {what}.")
