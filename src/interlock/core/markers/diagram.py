"""The algebra of markers: everything to read, combine, ask and write them, under one name.

>>> windows = parse_marker("platform_system == 'Windows'")
>>> windows is parse_marker("sys_platform == 'win32'")
True
>>> (windows & parse_marker("os_name == 'posix'")).is_false
True
>>> format_marker(~windows | parse_marker("python_version < '3.11'"))
"python_full_version < '3.11' or sys_platform != 'win32'"
>>> recent = parse_marker("python_version >= '3.8' and os_name == 'nt'")
>>> format_marker(simplify(recent, requires_python_marker(">=3.10")))
"sys_platform == 'win32'"
"""

from __future__ import annotations

from interlock.core.markers.evaluation import evaluate
from interlock.core.markers.expression import InvalidMarker
from interlock.core.markers.folding import all_of, any_of
from interlock.core.markers.intervals import Interval, python_lower_bound, python_range, python_upper_bound
from interlock.core.markers.meaning import (
    equals,
    extra_marker,
    lower_bound_marker,
    parse_marker,
    requires_python_marker,
    upper_bound_marker,
)
from interlock.core.markers.nodes import FALSE, TRUE, Marker
from interlock.core.markers.restriction import (
    extras_in,
    restrict_extra,
    restrict_key,
    simplify,
    tests_extras,
    without_environment,
    without_extras,
)
from interlock.core.markers.writing import format_marker

__all__ = [
    "FALSE",
    "TRUE",
    "Interval",
    "InvalidMarker",
    "Marker",
    "all_of",
    "any_of",
    "equals",
    "evaluate",
    "extra_marker",
    "extras_in",
    "format_marker",
    "lower_bound_marker",
    "parse_marker",
    "python_lower_bound",
    "python_range",
    "python_upper_bound",
    "requires_python_marker",
    "restrict_extra",
    "restrict_key",
    "simplify",
    "tests_extras",
    "upper_bound_marker",
    "without_environment",
    "without_extras",
]
