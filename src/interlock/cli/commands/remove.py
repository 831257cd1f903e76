"""``interlock remove``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call, checked_name
from interlock.cli.changing import change_options, say_change, target_of
from interlock.core.editing.manifest_editor import Target
from interlock.ops.editing.editing import manifest_file
from interlock.ops.editing.remove import RemoveOptions, remove_packages
from interlock.ops.running.scripts import remove_from_script

__all__ = ["run"]


async def run(call: Call) -> int:
    texts = call.texts("packages")
    places = tuple(call.context.place.path(text) for text in texts if _is_path(text))
    names = tuple(checked_name(text) for text in texts if not _is_path(text))
    if not texts:
        raise BadValue("There is nothing to remove.", hint="Name a package: `interlock remove httpx`.")
    if call.text("script"):
        await remove_from_script(call.context, call.context.place.directory / call.text("script"), names)
        call.terminal.say(f"Removed {', '.join(names)} from {call.text('script')}.")
        return 0
    target = target_of(call)
    options = RemoveOptions(
        names=names,
        places=places,
        packages=call.names("package"),
        all_packages=call.given("all_packages"),
        target=None if target == Target() and call.text("to_group") != "main" else target,
        after=change_options(call, uninstall=True),
    )
    outcome = await remove_packages(call.context, options)
    lines = [f"Removed {name} from {where} of {manifest_file(path)}." for path, where, name in outcome.removed]
    lines += [f"{path} is no member any more; its files are still there." for path in outcome.left]
    return say_change(call, outcome.change, lines, options.after)


def _is_path(text: str) -> bool:
    """Whether a directory is meant, not a name; a name never has a slash and never begins with a dot."""
    return "/" in text or "\\" in text or text.startswith(".")
