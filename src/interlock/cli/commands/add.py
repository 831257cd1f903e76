"""``interlock add``."""

from __future__ import annotations

import os
from pathlib import Path

from interlock.cli.call import BadValue, Call
from interlock.cli.changing import change_options, say_change, target_of
from interlock.context import Context
from interlock.core.editing.requirement_wishes import Wish, parse_requirements_file, parse_wish
from interlock.core.settings.choices import BOUNDS, Bounds
from interlock.core.text.encoding import decode_text
from interlock.core.versions.poetry_constraint import platform_marker, python_marker
from interlock.errors import UsageError
from interlock.ops.editing.add import AddOptions, add
from interlock.ops.editing.editing import manifest_file
from interlock.ops.running.scripts import add_to_script
from interlock.workspace.discovery import discover

__all__ = ["run"]


class NoRequirementsFile(UsageError):
    code = "no-requirements-file"


async def run(call: Call) -> int:
    if call.text("script"):
        return await _add_to_script(call)
    options = _options(call)
    outcome = await add(_without_range(call.context), options)
    for name in outcome.present:
        call.terminal.say(f"{name} is there already; give a version to change it.")
    lines = [f"Added {text} to {where} of {manifest_file(path)}." for path, where, text in outcome.added]
    return say_change(call, outcome.change, lines, options.after)


async def _add_to_script(call: Call) -> int:
    script = call.context.place.directory / call.text("script")
    wishes, constraints = _wishes(call)
    if constraints:
        raise BadValue("`--constraints` bounds what is added to a project; a script has none.")
    bounds = _bounds(call) or call.context.means.settings.add_bounds
    for text in await add_to_script(call.context, script, tuple(wishes), bounds):
        call.terminal.say(f"Added {text} to {call.text('script')}.")
    return 0


def _wishes(call: Call) -> tuple[list[Wish], list[Wish]]:
    """What is to be added and what bounds it, from the command line and the files that it names."""
    wishes = [parse_wish(text) for text in call.values.requirements]
    constraints: list[Wish] = []
    for name in call.values.requirements_file:
        _read(call, name, wishes, constraints)
    for name in call.values.constraints_file:
        _read(call, name, constraints, constraints)
    if not wishes:
        raise BadValue("There is nothing to add.", hint="Name a package: `interlock add httpx`.")
    return wishes, constraints


def _options(call: Call) -> AddOptions:
    wishes, constraints = _wishes(call)
    if call.given("workspace") and call.given("no_workspace"):
        raise BadValue("`--workspace` and `--no-workspace` exclude each other.")
    if call.given("lfs") and call.given("raw"):
        raise BadValue("`--raw` writes no sources, and `--lfs` can stand nowhere else.")
    workspace = True if call.given("workspace") else False if call.given("no_workspace") else None
    editable = True if call.given("editable") else False if call.given("not_editable") else None
    indexes = tuple((name, url) for name, _, url in (text.partition("=") for text in call.context.flags.index) if url)
    return AddOptions(
        wishes=tuple(wishes),
        constraints=tuple(constraints),
        packages=call.names("package"),
        all_packages=call.given("all_packages"),
        target=target_of(call),
        extras=call.texts("extra"),
        marker=_marker(call),
        source=call.text("source"),
        indexes=indexes,
        git={key: call.text(key) for key in ("rev", "tag", "branch", "subdirectory") if call.text(key)},
        lfs=call.given("lfs"),
        editable=editable,
        workspace=workspace,
        bounds=_bounds(call) or _default_bounds(call.context),
        allow_prereleases=call.given("allow_prereleases"),
        raw=call.given("raw"),
        after=change_options(call),
    )


def _bounds(call: Call) -> Bounds | None:
    """What the command line says."""
    return next((word for word in BOUNDS if word == call.text("bounds")), None)


def _default_bounds(context: Context) -> Bounds:
    workspace = discover(context.place.start, layout=context.means.layout)
    return context.within(workspace.manifest.settings).means.settings.add_bounds


def _marker(call: Call) -> str:
    python = call.text("for_python") or _range(call.context)
    parts = [call.text("marker"), python_marker(python), platform_marker(call.text("platform"))]
    found = [part for part in parts if part]
    return " and ".join(f"({part})" if " or " in part and len(found) > 1 else part for part in found)


def _range(context: Context) -> str:
    """``add --python '>=3.9'`` is Poetry's way to restrict a dependency; a version or path chooses an interpreter."""
    text = context.flags.python or ""
    return text if any(letter in text for letter in "<>^~*,=") else ""


def _without_range(context: Context) -> Context:
    if not _range(context):
        return context
    return context.asking(python=None).within(
        discover(context.place.start, layout=context.means.layout).manifest.settings
    )


def _read(call: Call, name: str, wishes: list[Wish], constraints: list[Wish]) -> None:
    """Read a file and what it includes, each once: files may lead back to each other."""
    seen: set[tuple[str, bool]] = set()
    waiting = [(str(call.context.place.directory / name), wishes is constraints)]
    while waiting:
        place, constrains = waiting.pop()
        if (place, constrains) in seen:
            continue
        seen.add((place, constrains))
        found, included = parse_requirements_file(_text(place))
        (constraints if constrains else wishes).extend(found)
        others = [line.partition(" ") for line in reversed(included)]
        waiting += [
            (os.path.normpath(os.path.join(os.path.dirname(place), other)), constrains or kind == "-c")
            for kind, _, other in others
        ]


def _text(place: str) -> str:
    try:
        return decode_text(Path(place).read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise NoRequirementsFile(f"{place} cannot be read: {error}.") from error
