"""``interlock deploy``."""

from __future__ import annotations

import msgspec

from interlock.cli.call import BadValue, Call
from interlock.cli.installing import sync_options
from interlock.cli.words import plural
from interlock.ops.syncing.deploy import DeployOptions, deploy

__all__ = ["run"]


async def run(call: Call) -> int:
    output = call.text("output")
    if not output:
        raise BadValue("There is no directory to deploy to.", hint="Name one with --output.")
    options = sync_options(call, exact=True)
    selection = options.selection
    if not (selection.groups or selection.with_groups or selection.dev or selection.all_groups):
        selection = msgspec.structs.replace(selection, no_default_groups=True)
    options = msgspec.structs.replace(
        options, selection=selection, compile_bytecode=not call.given("no_compile_bytecode")
    )
    outcome = await deploy(call.context, DeployOptions(output=output, sync=options))
    if call.json:
        call.document(outcome)
        return 0
    call.terminal.say(f"Made {output} with {plural(outcome.packages, 'package')} for Python {outcome.python}.")
    return 0
