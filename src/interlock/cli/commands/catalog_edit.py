"""``interlock catalog set``, ``catalog adopt`` and ``catalog dedupe``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call, checked_name
from interlock.cli.changing import change_options, say_change
from interlock.core.lock.diff import to_data
from interlock.core.requirements.parse import InvalidRequirement, parse_requirement
from interlock.core.requirements.requirement import Requirement
from interlock.ops.editing.catalog import AdoptOptions, CatalogChange, adopt, dedupe, set_ranges
from interlock.ops.editing.changes import ChangeOptions
from interlock.ops.editing.editing import manifest_file

__all__ = ["run_adopt", "run_dedupe", "run_set"]


async def run_set(call: Call) -> int:
    """Raises :class:`BadValue` for what is no name with a range."""
    texts = call.texts("ranges")
    if not texts:
        raise BadValue("There is no range to write.", hint="Name one: `interlock catalog set 'httpx>=0.27,<1'`.")
    options = change_options(call)
    outcome = await set_ranges(call.context, tuple(map(_range, texts)), call.text("catalog"), options)
    return _say(call, outcome, options)


async def run_adopt(call: Call) -> int:
    options = change_options(call)
    names = tuple(checked_name(text) for text in call.texts("names"))
    asked = AdoptOptions(names=names, packages=call.names("package"), after=options)
    return _say(call, await adopt(call.context, asked), options)


async def run_dedupe(call: Call) -> int:
    options = change_options(call)
    return _say(call, await dedupe(call.context, options), options)


def _range(text: str) -> Requirement:
    try:
        found = parse_requirement(text)
    except InvalidRequirement as error:
        raise BadValue(f"`{text}` is no name with a range: {error.message}.") from error
    if not found.specifier or found.url or found.extras or found.marker:
        raise BadValue(
            f"`{text}` is no name with a range.",
            hint="A catalog has ranges alone, such as `httpx>=0.27,<1`; extras and markers stay with the members.",
        )
    return found


def _say(call: Call, outcome: CatalogChange, options: ChangeOptions) -> int:
    lock = outcome.change.lock
    if call.json:
        call.document(
            {
                "written": outcome.change.written,
                "manifests": sorted(manifest_file(path) for path in outcome.change.files),
                "lock": None if lock is None else {"changed": lock.changed, "changes": to_data(lock.diff)},
                "ranges": outcome.ranges,
                "adopted": outcome.adopted,
                "left": outcome.left,
            }
        )
        return 0
    lines = [f"The catalog has {name}{text}." for name, text in sorted(outcome.ranges.items())]
    for one in outcome.adopted:
        before = f" instead of {one.name}{one.before}" if one.before not in {"", one.range} else ""
        lines.append(f"{one.member} takes {one.name}{one.range}{before}.")
    for name in outcome.left:
        said = "; ".join(f"{text} in {', '.join(members)}" for text, members in name.ranges.items())
        lines.append(f"{name.name} was left: {said}.")
    return say_change(call, outcome.change, lines or ["There is nothing to change."], options)
