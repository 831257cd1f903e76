"""``interlock build``."""

from __future__ import annotations

import msgspec

from interlock.cli.call import BadValue, Call
from interlock.cli.loading import load
from interlock.cli.words import built_file, built_members
from interlock.core.settings.variables import Variables
from interlock.errors import error_document
from interlock.ops.building.build import build
from interlock.ops.building.report import BuildReport, BuildRequest, MemberReport
from interlock.workspace.selection import SelectionFlags

__all__ = ["build_request", "report_document", "run", "show_report"]


async def run(call: Call) -> int:
    request = build_request(call)
    if call.text("affected"):
        selection = await load("interlock.cli.narrowing").only_affected(call, request.selection, packages=True)
        if selection is None:
            if call.json:
                call.document(report_document(BuildReport(out_dir=call.context.place.directory, members=())))
            return 0
        request = msgspec.structs.replace(request, selection=selection)
    report = _labelled(call, await build(call.context, request))
    if call.given("verify"):
        report = await load("interlock.ops.building.verify").verify(call.context, report)
    if call.json:
        call.document(report_document(report))
    else:
        show_report(call, report)
    return 0 if report.ok else 1


def build_request(call: Call) -> BuildRequest:
    kind = call.text("format")
    sdist, wheel = call.given("sdist") or kind == "sdist", call.given("wheel") or kind == "wheel"
    timeout = getattr(call.values, "timeout", None) or Variables(call.context.means.environ).seconds("BUILD_TIMEOUT")
    return BuildRequest(
        selection=SelectionFlags(packages=call.texts("package"), all_packages=call.given("all_packages")),
        sdist=sdist or not wheel,
        wheel=wheel or not sdist,
        out_dir=call.text("out_dir"),
        clear=call.given("clear"),
        config_settings=_settings(call),
        build_constraints=tuple(call.values.build_constraint),
        require_hashes=call.given("require_hashes"),
        no_sources=call.flag("no_sources"),
        timeout=float(timeout) if timeout else None,
    )


def _settings(call: Call) -> dict[str, str | list[str]]:
    """``key=value``; a key given twice has a list, as with pip and build."""
    found: dict[str, str | list[str]] = {}
    label = call.text("local_version")
    for text in (*call.values.config_setting, *([f"local-version={label}"] if label else [])):
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise BadValue(f"`{text}` is not a setting.", hint="Write KEY=VALUE.")
        known = found.get(key)
        if known is None:
            found[key] = value
        else:
            found[key] = [*known, value] if isinstance(known, list) else [known, value]
    return found


def _labelled(call: Call, report: BuildReport) -> BuildReport:
    """The report, with a problem for members whose backend does not know the setting that ``--local-version`` is."""
    label = call.text("local_version")
    if not label:
        return report
    problem = f"its version has no `+{label}`: the build backend knows no `local-version`"
    return msgspec.structs.replace(
        report,
        members=tuple(
            msgspec.structs.replace(member, problems=(*member.problems, problem))
            if member.error is None and "+" not in member.version
            else member
            for member in report.members
        ),
    )


def show_report(call: Call, report: BuildReport) -> None:
    terminal = call.terminal
    for member in report.members:
        for file in member.files:
            terminal.say(
                built_file(
                    str(file.file), file.size, str(call.context.place.directory), unchanged=member.status == "cached"
                )
            )
        for problem in member.problems:
            terminal.say(f"  {terminal.red('wrong')}: {problem}")
    failed = [member for member in report.members if member.error is not None]
    for member in failed:
        assert member.error is not None
        terminal.fail(member.error)
    built = sum(member.status == "built" for member in report.members)
    cached = sum(member.status == "cached" for member in report.members)
    words = [built_members(built, cached)]
    if failed:
        words.append(f"{len(failed)} failed ({', '.join(member.name for member in failed)})")
    wrong = [member.name for member in report.members if member.problems]
    if wrong:
        words.append(f"{len(wrong)} with problems ({', '.join(wrong)})")
    terminal.say(f"{', '.join(words)} in {report.seconds:.1f} s.")


def report_document(report: BuildReport) -> dict[str, object]:
    return {
        "out_dir": report.out_dir,
        "ok": report.ok,
        "seconds": round(report.seconds, 3),
        "hooks": report.hooks,
        "members": [_member(member) for member in report.members],
    }


def _member(member: MemberReport) -> dict[str, object]:
    return {
        "name": member.name,
        "version": member.version or None,
        "status": member.status,
        "cached": member.status == "cached",
        "seconds": member.seconds,
        "files": [
            {"file": file.file, "kind": file.kind, "sha256": file.sha256, "size": file.size} for file in member.files
        ],
        "problems": member.problems,
        **(error_document(member.error) if member.error is not None else {"error": None}),
    }
