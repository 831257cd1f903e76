"""``interlock export``."""

from __future__ import annotations

from typing import Literal

from interlock.cli.call import BadValue, Call
from interlock.cli.installing import upgrade_first
from interlock.cli.selecting import selection_flags
from interlock.ops.showing.export import ExportOptions, export

__all__ = ["run"]

_FORMATS: dict[str, Literal["", "pylock", "requirements"]] = {
    "": "",
    "pylock": "pylock",
    "pylock.toml": "pylock",
    "requirements": "requirements",
    "requirements.txt": "requirements",
}


async def run(call: Call) -> int:
    output = call.text("output_file")
    text = await export(call.context, _options(call, output))
    if output:
        call.terminal.say(f"Wrote {output}.")
        if call.json:
            call.document({"path": call.context.place.directory / output})
    elif call.json:
        raise BadValue("An export is not JSON.", hint="Leave out --json, or write to a file with -o.")
    else:
        call.terminal.data(text)
    return 0


def _options(call: Call, output: str) -> ExportOptions:
    chosen = _FORMATS[call.text("format")]
    if not chosen:
        # What only a requirements file can be without says which of the two is meant.
        chosen = "requirements" if output.endswith(".txt") or call.given("no_hashes") else "pylock"
    if chosen == "pylock" and call.given("no_hashes"):
        raise BadValue("A pylock.toml always has hashes.", hint="Leave out --no-hashes, or say `-f requirements`.")
    return ExportOptions(
        selection=selection_flags(call, everyone=True),
        format=chosen,
        output=output,
        hashes=not call.given("no_hashes"),
        emit_project=not call.given("no_emit_project"),
        emit_workspace=not call.given("no_emit_workspace"),
        emit_local=not call.given("no_emit_local"),
        omit_packages=call.names("no_emit_package"),
        header=not call.given("no_header"),
        annotate=not call.given("no_annotate"),
        editable=not call.given("no_editable"),
        frozen=call.flag("frozen"),
        locked=call.flag("locked"),
        relock=upgrade_first(call),
    )
