"""``interlock env repair``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.commands.env_verify import describe
from interlock.cli.words import plural
from interlock.ops.envs.environments import existing
from interlock.ops.envs.repair_environment import repair_environment

__all__ = ["run"]


async def run(call: Call) -> int:
    """0 when every file is what was installed in the end, else 1."""
    environment = await existing(call.context, call.names("package"))
    found = await repair_environment(call.context, environment)
    if call.json:
        call.document(
            {
                "ok": not found.left,
                "path": environment.root,
                "checked": found.checked,
                "unchecked": [one.installed.name for one in found.unchecked],
                "repaired": [describe(one) for one in found.repaired],
                "left": [{**describe(one.damaged), "why": one.why} for one in found.left],
            }
        )
        return 1 if found.left else 0
    for one in found.repaired:
        call.terminal.data(f"{one.name}: repaired ({plural(len(one.files), 'file')})")
    for left in found.left:
        call.terminal.data(f"{left.damaged.name}: cannot be repaired: {left.why}")
    if found.left:
        names = " ".join(f"--reinstall-package {left.damaged.name}" for left in found.left)
        call.terminal.say(f"`interlock sync {names}` installs what is left anew, with the index where it needs it.")
    elif not found.repaired:
        call.terminal.say(f"{environment.root} needs no repair: every file is what was installed.")
    return 1 if found.left else 0
