"""How much is taken from outside before it is refused; each limit is a setting, and the error names it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from interlock.core.settings.variables import Variables

__all__ = ["DEFAULT", "Limits", "how_to_raise", "is_plausible_text", "limits_of"]

_MIB = 1 << 20
_DENSEST_TEXT = 30
"""Letters for one packed byte; what people and programs write about a package stays below 10."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """Sizes in bytes. Real files stay far below all of them."""

    page_size: int = 128 * _MIB
    """Of an index's page, decoded."""
    metadata_size: int = 16 * _MIB
    """Of a METADATA or PKG-INFO."""
    file_size: int = 16 << 30
    """Of a wheel or source archive whose page does not say its size."""
    unpacked_size: int = 32 << 30
    """Of all files of an archive."""
    unpacked_ratio: int = 300
    """Unpacked bytes for one packed byte. Deflate can reach 1032; real archives stay below 30."""
    unpacked_files: int = 500_000
    """Entries of an archive."""
    slowest: int = 1024
    """Bytes per second below which a body is given up; counted from the time-out on."""


DEFAULT = Limits()


def limits_of(table: Mapping[str, int], env: Variables) -> Limits:
    """What the root's table says, and the variables before it."""
    found = {name.replace("-", "_"): value for name, value in table.items()}
    for name in Limits.__struct_fields__:
        value = env.count(f"LIMIT_{name.upper()}")
        if value is not None:
            found[name] = value
    return Limits(**found)


def how_to_raise(name: str) -> str:
    """A hint that names a limit's settings.

    >>> how_to_raise("page_size")
    'If that is as it should be, raise INTERLOCK_LIMIT_PAGE_SIZE, or `page-size` in `[tool.interlock.limits]`.'
    """
    key = name.replace("_", "-")
    return f"If that is as it should be, raise INTERLOCK_LIMIT_{name.upper()}, or `{key}` in `[tool.interlock.limits]`."


def is_plausible_text(size: int, packed: int) -> bool:
    """Whether so many bytes may be inflated at once, to be read as text: what is large has to have cost something.

    >>> is_plausible_text(900_000, 900), is_plausible_text(60_000_000, 60_000)
    (True, False)
    """
    return size <= max(_MIB, packed * _DENSEST_TEXT)
