"""The standard library's modules, by Python."""

from __future__ import annotations

import sys
from functools import cache

from packaging.specifiers import SpecifierSet

__all__ = ["standard_modules"]

_ADDED = {9: "graphlib zoneinfo", 11: "tomllib", 14: "annotationlib compression"}
_REMOVED = {
    10: "formatter parser symbol",
    11: "binhex",
    12: "asynchat asyncore distutils imp smtpd",
    13: "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd "
    "sunau telnetlib uu xdrlib",
}
_MINORS = range(6, 21)
_LAST_RELEASE = 30


@cache
def standard_modules(requires_python: str) -> frozenset[str]:
    """The modules that at least one Python of a range has; what the running Python has besides counts too."""
    allowed = SpecifierSet(requires_python)
    minors = {
        minor for minor in _MINORS if any(allowed.contains(f"3.{minor}.{patch}") for patch in range(_LAST_RELEASE))
    } or set(_MINORS)
    found = set(sys.stdlib_module_names) | {"__future__", "__main__"}
    for since, names in _ADDED.items():
        found = found - set(names.split()) if max(minors) < since else found | set(names.split())
    for since, names in _REMOVED.items():
        found = found - set(names.split()) if min(minors) >= since else found | set(names.split())
    return frozenset(found)
