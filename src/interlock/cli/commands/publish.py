"""``interlock publish``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.words import plural
from interlock.core.settings.variables import Variables, choose
from interlock.errors import error_document
from interlock.ops.publishing.publish import publish
from interlock.ops.publishing.report import TRUSTED, PublishedMember, PublishReport, PublishRequest
from interlock.workspace.selection import SelectionFlags

__all__ = ["run"]


async def run(call: Call) -> int:
    report = await publish(call.context, _request(call))
    if call.json:
        call.document(
            {
                "repository": report.repository,
                "ok": report.ok,
                "seconds": round(report.seconds, 3),
                "left_out": report.left_out,
                "members": [_member(member) for member in report.members],
            }
        )
    else:
        _show(call, report)
    return 0 if report.ok else 1


def _request(call: Call) -> PublishRequest:
    if call.context.means.settings.offline:
        raise BadValue("Publishing needs the network.", hint="Leave out --offline.")
    wait = getattr(call.values, "wait", None)
    return PublishRequest(
        selection=SelectionFlags(
            packages=call.texts("package"), all_packages=call.given("all_packages") or call.given("unpublished")
        ),
        unpublished=call.given("unpublished"),
        build=call.given("build"),
        dist_dir=call.text("dist_dir"),
        repository=call.text("repository"),
        publish_url=call.text("publish_url"),
        check_url=getattr(call.values, "check_url", None),
        user=call.text("username"),
        password=call.text("password"),
        token=call.text("token"),
        trusted=choose(
            TRUSTED,
            ("--trusted-publishing", call.text("trusted_publishing") or None),
            ("INTERLOCK_TRUSTED_PUBLISHING", Variables(call.context.means.environ).text("TRUSTED_PUBLISHING")),
            ("trusted-publishing", "automatic"),
        ),
        attestations=not call.flag("no_attestations"),
        attest=call.given("attest"),
        skip_existing=call.flag("skip_existing"),
        resume=call.given("resume"),
        dry_run=call.given("dry_run"),
        wait=float(wait) if wait is not None else 300.0,
        cert=call.text("cert"),
        client_cert=call.text("client_cert"),
    )


def _show(call: Call, report: PublishReport) -> None:
    terminal = call.terminal
    for member in report.members:
        for file in member.files:
            line = f"{file.status:<9} {file.file.name}"
            if member.status == "planned":
                terminal.data(line)
            else:
                terminal.say(line)
        if member.error is not None:
            terminal.fail(member.error)
    for name, reason in report.left_out.items():
        terminal.detail(f"left out {name}: {reason}")
    count = {status: sum(member.status == status for member in report.members) for status in _WORDS}
    words = [f"{_WORDS[status]} {plural(number, 'member')}" for status, number in count.items() if number]
    said = ", ".join(words) or "Nothing to publish"
    terminal.say(f"{said[0].upper()}{said[1:]} ({report.repository}).")


_WORDS = {
    "published": "published",
    "present": "found",
    "planned": "would publish",
    "failed": "failed with",
    "held-back": "held back",
}


def _member(member: PublishedMember) -> dict[str, object]:
    return {
        "name": member.name,
        "version": member.version,
        "status": member.status,
        "needs": member.needs,
        "files": [{"file": file.file, "sha256": file.sha256, "status": file.status} for file in member.files],
        **(error_document(member.error) if member.error is not None else {"error": None}),
    }
