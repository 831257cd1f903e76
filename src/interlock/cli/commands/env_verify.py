"""``interlock env verify``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.words import plural
from interlock.ops.envs.environments import existing
from interlock.ops.envs.verify_environment import Damaged, verify_environment

__all__ = ["describe", "run"]


async def run(call: Call) -> int:
    """0 when every file is what was installed, else 1."""
    environment = await existing(call.context, call.names("package"))
    jobs = call.context.means.settings.concurrent_installs
    verified = await verify_environment(environment, call.context.means.layout, jobs=jobs)
    unchecked = [one.installed.name for one in verified.unchecked]
    if call.json:
        call.document(
            {
                "ok": not verified.damaged,
                "path": environment.root,
                "checked": len(verified.checked),
                "unchecked": unchecked,
                "damaged": [describe(one) for one in verified.damaged],
            }
        )
        return 1 if verified.damaged else 0
    for one in verified.damaged:
        call.terminal.data("".join(f"{one.name}: {file.path} {file.problem}\n" for file in one.files))
    looked = f"Looked at {plural(len(verified.checked), 'package')} in {environment.root}"
    if verified.damaged:
        call.terminal.say(
            f"{looked}: {len(verified.damaged)} not as installed."
            " `interlock env repair` installs them again from the cache."
        )
    else:
        call.terminal.say(f"{looked}: every file is what was installed.")
    if unchecked:
        call.terminal.say(f"Not looked at, since they keep no RECORD: {', '.join(unchecked)}.")
    return 1 if verified.damaged else 0


def describe(damaged: Damaged) -> dict[str, object]:
    """A broken distribution as ``--json`` shows it."""
    return {"name": damaged.name, "version": damaged.distribution.version, "files": damaged.files}
