"""``interlock check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from interlock.cli.call import Call
from interlock.cli.selecting import selection_flags
from interlock.cli.words import plural
from interlock.errors import UsageError
from interlock.ops.locking.checking import Finding, check

if TYPE_CHECKING:
    from interlock.ops.imports.check_imports import ImportsReport

__all__ = ["run"]


async def run(call: Call) -> int:
    """0 when all is well, 1 for errors, and for warnings with ``--strict``."""
    if call.texts("package") and not call.given("imports"):
        raise UsageError("`--package` says whose imports to look at; add `--imports`.")
    found = list(await check(call.context, with_lock=call.given("lock")))
    if call.given("catalog"):
        from interlock.ops.showing.catalog import find_strays  # noqa: PLC0415 - few ask for it

        found += [Finding(**msgspec.structs.asdict(stray)) for stray in await find_strays(call.context)]
    imports = None
    if call.given("imports"):
        from interlock.ops.imports.check_imports import check_imports  # noqa: PLC0415 - few ask for it

        imports = await check_imports(call.context, selection_flags(call, everyone=True))
        found += _findings(imports)
    errors = [finding for finding in found if finding.level == "error"]
    code = 1 if errors or (found and call.given("strict")) else 0
    if call.json:
        call.document({"ok": not code, "findings": found, "imports": imports})
    elif call.text("format") == "github":
        _annotate(call, found)
    else:
        _tell(call, found, len(errors), imports)
    return code


def _findings(report: ImportsReport) -> list[Finding]:
    """What cannot work for those who install the member is an error, what is merely too much a warning."""
    found = [
        Finding(
            level="error" if finding.code == "undeclared-import" else "warning",
            file=finding.file,
            code=finding.code,
            message=finding.message,
            line=finding.line,
        )
        for finding in report.findings
    ]
    for file in report.broken:
        message = "is no Python that can be read here, so what it imports is not known."
        found.append(Finding(level="warning", file=file, code="unreadable-source", message=message))
    return found


def _annotate(call: Call, found: list[Finding]) -> None:
    for finding in found:
        line = f",line={finding.line}" if finding.line else ""
        call.terminal.data(
            f"::{finding.level} file={finding.file}{line},title={finding.code}::{_escaped(finding.message)}"
        )


def _tell(call: Call, found: list[Finding], errors: int, imports: ImportsReport | None) -> None:
    for finding in found:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        call.terminal.data(f"{finding.level}[{finding.code}]: {place}: {finding.message}")
    if imports is not None:
        call.terminal.say(f"Looked at {plural(imports.files, 'file')} of {plural(imports.members, 'member')}.")
    call.terminal.say(
        "All set!" if not found else f"{plural(errors, 'error')}, {plural(len(found) - errors, 'warning')}."
    )


def _escaped(text: str) -> str:
    """A message in a workflow command, where a new line would end it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
