"""``interlock version``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.ops.editing.version import version
from interlock.ops.editing.version_report import MemberVersion, VersionReport, VersionRequest
from interlock.workspace.selection import SelectionFlags

__all__ = ["run"]


async def run(call: Call) -> int:
    request = _request(call)
    report = await version(call.context, request)
    if call.json:
        call.document(
            {
                "written": report.written,
                "members": [
                    {
                        "name": member.name,
                        "path": member.path,
                        "version": member.new or member.version,
                        "previous": member.version if member.new else None,
                        "dynamic": member.dynamic or None,
                        "reason": member.reason or None,
                    }
                    for member in report.members
                ],
            }
        )
        return 0
    _show(call, report)
    return 0


def _request(call: Call) -> VersionRequest:
    value = call.text("value")
    bumps = call.texts("bump")
    if value and bumps:
        raise BadValue("A version and `--bump` exclude each other.", hint="Leave out one of the two.")
    if call.given("next_phase") and value != "prerelease":
        raise BadValue("`--next-phase` only goes with `prerelease`.")
    return VersionRequest(
        selection=SelectionFlags(packages=call.texts("package"), all_packages=call.given("all_packages")),
        value=value,
        bumps=bumps,
        next_phase=call.given("next_phase"),
        changed=call.text("changed"),
        dependents=call.text("dependents"),
        dry_run=call.given("dry_run"),
    )


def _show(call: Call, report: VersionReport) -> None:
    short = call.given("short")
    for member in report.members:
        call.terminal.data(_line(member, short=short, alone=len(report.members) == 1))
    if not report.members:
        call.terminal.say("No member is concerned.")
    elif not report.written and any(member.new for member in report.members):
        call.terminal.say("Nothing was written (--dry-run).")


def _line(member: MemberVersion, *, short: bool, alone: bool) -> str:
    if short:
        value = member.new or member.version
        return value if alone else f"{member.name} {value}"
    if member.new:
        why = f" ({member.reason})" if member.reason != "asked" else ""
        return f"{member.name} {member.version} => {member.new}{why}"
    return f"{member.name} {member.version}" + (f" (dynamic, from {member.dynamic})" if member.dynamic else "")
