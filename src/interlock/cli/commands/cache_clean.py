"""``interlock cache clean``."""

from __future__ import annotations

from interlock.cli.call import Call, checked_name
from interlock.cli.words import what_was_removed
from interlock.core.names import NormalizedName
from interlock.ops.caching.cache import clean

__all__ = ["run"]


_EVERYTHING = {"pypi", "_default_cache", "."}
"""Poetry's caches, which `cache clear NAME --all` empties."""


def _named(text: str) -> tuple[NormalizedName, str]:
    """A name with a version or none: ``numpy``, ``numpy==2.0``, or Poetry's ``pypi:numpy:2.0``.

    Raises :class:`InvalidName`.
    """
    if "==" in text:
        name, _, version = text.partition("==")
    else:
        *_, name, version = ["", *text.split(":")] if text.count(":") else ["", text, ""]
        if text.count(":") == 1 and not version[:1].isdigit():
            name, version = version, ""  # `pypi:numpy`
    return checked_name(name), version


async def run(call: Call) -> int:
    asked = call.texts("packages")
    if call.given("all"):
        asked = tuple(text for text in asked if text.lower() not in _EVERYTHING)
    packages = dict(_named(text) for text in asked)
    removed = await clean(call.context.means.layout, packages, force=call.given("all") or call.given("force"))
    if call.json:
        call.document(removed)
    else:
        call.terminal.say(what_was_removed(removed.files, removed.bytes, removed.in_use))
    return 0
