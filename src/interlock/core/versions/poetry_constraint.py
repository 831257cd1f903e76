"""Poetry's version constraints (``^1.2``, ``~1``, ``1.*``, ``<2 || >=3``) as PEP 440 specifiers and PEP 508 markers."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion, Version

from interlock.core.versions.version_list import parse_specifier, parse_version
from interlock.errors import ManifestError

__all__ = ["InvalidConstraint", "platform_marker", "python_marker", "specifier_of"]

_ALTERNATIVES = re.compile(r"\|\|?")
_BETWEEN = " \t\r\n,"
_CLAUSE = re.compile(r"(?:(\^|~=|~|===|==|=|!=|<>|<=|>=|<|>)\s*+)?((?:\d++!)?[^\s,^~=!<>]+)")
_MOST_EXCLUSIONS = 20


class InvalidConstraint(ManifestError):
    """A constraint that is neither Poetry's nor PEP 440's."""

    code = "invalid-constraint"

    def __init__(self, text: str) -> None:
        super().__init__(f"`{text}` is not a version constraint", facts={"constraint": text})


def specifier_of(text: str) -> str:
    """The specifier set that admits the same versions, clauses in the order they were written.

    PEP 440 has no "or": alternatives become their hull, with the gaps excluded where wildcards can say them. Raises
    :class:`InvalidConstraint`.

    >>> specifier_of("^0.2.3"), specifier_of("~1.2"), specifier_of("1.*"), specifier_of("*")
    ('>=0.2.3,<0.3.0', '>=1.2,<1.3', '==1.*', '')
    >>> specifier_of("~2.7 || ^3.2")
    '>=2.7,<4.0,!=2.8.*,!=2.9.*,!=3.0.*,!=3.1.*'
    """
    alternatives = [_clauses(part) for part in _ALTERNATIVES.split(text.strip())]
    if len(alternatives) == 1:
        return ",".join(alternatives[0])
    return ",".join(_hull(alternatives, text))


def python_marker(text: str) -> str:
    """The marker under which the interpreter is in the constraint; empty for any.

    >>> python_marker("^3.8"), python_marker("3.8.*"), python_marker("*")
    ("python_version >= '3.8' and python_version < '4.0'", "python_version == '3.8'", '')
    """
    parts = []
    for alternative in _ALTERNATIVES.split(text.strip()):
        clauses = [_python_clause(clause) for clause in _clauses(alternative)]
        if not clauses:
            return ""
        parts.append(" and ".join(clauses))
    return parts[0] if len(parts) == 1 else " or ".join(f"({part})" if " and " in part else part for part in parts)


def platform_marker(text: str) -> str:
    """The marker of Poetry's ``platform`` key.

    >>> platform_marker("linux || darwin"), platform_marker("!=win32")
    ("sys_platform == 'linux' or sys_platform == 'darwin'", "sys_platform != 'win32'")
    """
    parts = []
    for alternative in _ALTERNATIVES.split(text.strip()):
        words = [word.strip() for word in alternative.split(",") if word.strip()]
        clauses = [f"sys_platform {'!=' if word[0] == '!' else '=='} '{word.lstrip('!= ')}'" for word in words]
        parts.append(" and ".join(clauses))
    return " or ".join(part for part in parts if part)


def _clauses(text: str) -> list[str]:
    """The PEP 440 clauses of one alternative; none for any version."""
    found: list[str] = []
    rest = text.strip().strip(",")
    if rest in {"", "*"}:
        return found
    position = 0
    for match in _CLAUSE.finditer(rest):
        if rest[position : match.start()].strip(_BETWEEN):
            raise InvalidConstraint(text)
        position = match.end()
        found.extend(_clause(match[1] or "", match[2], text))
    if rest[position:].strip(_BETWEEN) or not found:
        raise InvalidConstraint(text)
    return found


def _clause(operator: str, version: str, text: str) -> list[str]:
    version = re.sub(r"\.[xX]$", ".*", version)
    if operator in {"^", "~"}:
        try:
            parsed = parse_version(version)
        except InvalidVersion as error:
            raise InvalidConstraint(text) from error
        # A local version is no bound (PEP 440); it has the one that it is a build of.
        return [f">={version.partition('+')[0]}", f"<{_above(parsed, len(parsed.release), caret=operator == '^')}"]
    if version == "*":
        return []
    clause = f"{ {'': '==', '=': '==', '<>': '!='}.get(operator, operator) }{version}"
    try:
        parse_specifier(clause)
    except InvalidSpecifier as error:
        raise InvalidConstraint(text) from error
    return [clause]


def _above(version: Version, precision: int, *, caret: bool) -> str:
    """The first version that is out of a caret's or a tilde's range, as precise as it was written."""
    release = list(version.release)
    if caret:
        place = next((at for at, number in enumerate(release) if number), precision - 1)
    else:
        place = 0 if precision == 1 else 1
    bumped = [*release[:place], release[place] + 1, *([0] * (precision - place - 1))]
    return f"{f'{version.epoch}!' if version.epoch else ''}{'.'.join(map(str, bumped))}"


def _python_clause(clause: str) -> str:
    match = re.fullmatch(r"(===|==|!=|<=|>=|~=|<|>)(.+)", clause)
    assert match is not None, clause
    operator, version = match[1], match[2]
    wildcard = version.endswith(".*")
    bare = version.removesuffix(".*")
    if wildcard and bare.count(".") == 0:
        return f"python_version {operator} '{version}'"
    name = "python_version" if bare.count(".") < 2 else "python_full_version"
    keep = ".*" if wildcard and name == "python_full_version" else ""
    return f"{name} {operator} '{bare}{keep}'"


def _hull(alternatives: list[list[str]], text: str) -> list[str]:
    """From the lowest lower bound to the highest upper one, without what lies between the alternatives."""
    ranges = sorted((_range(clauses, text) for clauses in alternatives), key=lambda pair: pair[0] or Version("0.dev0"))
    clauses: list[str] = []
    low, high = ranges[0]
    gaps: list[str] = []
    for start, end in ranges[1:]:
        if high is not None and start is not None and start > high:
            gaps += _excluded(high, start)
        if high is not None:
            high = None if end is None else max(high, end)
    clauses += [f">={low}"] if low is not None else []
    clauses += [f"<{high}"] if high is not None else []
    return clauses + gaps


def _range(clauses: list[str], text: str) -> tuple[Version | None, Version | None]:
    """Lower bound and exclusive upper bound of one alternative."""
    low: Version | None = None
    high: Version | None = None
    for clause in clauses:
        operator, version = re.match(r"[=<>!~]+", clause)[0], re.sub(r"^[=<>!~]+", "", clause)  # type: ignore[index]
        if operator == "==" and version.endswith(".*"):
            base = parse_version(version[:-2])
            low, high = base, _raised(base, -1)
        elif operator in {"==", "==="}:
            base = parse_version(version)
            low, high = base, _raised(base, -1)
        elif operator in {">=", ">"}:
            low = parse_version(version)
        elif operator == "<":
            high = parse_version(version)
        elif operator == "<=":
            # The bound itself is in: up to the next version of that precision.
            base = parse_version(version)
            high = _raised(base, -1)
        elif operator == "~=":
            base = parse_version(version)
            low, high = base, _raised(base, -2)
        else:
            raise InvalidConstraint(text)
    return low, high


def _raised(version: Version, place: int) -> Version:
    """The release with the part at a place, counted from behind, raised by one, and nothing after it."""
    release = (*version.release[:place], version.release[place] + 1)
    return parse_version(f"{version.epoch}!{'.'.join(map(str, release))}")


def _excluded(low: Version, high: Version) -> list[str]:
    """Wildcards for everything from ``low`` to below ``high``; nothing when it takes too many of them to say."""
    if low.epoch or high.epoch:
        return []
    width = max(len(low.release), len(high.release), 2)
    start, end = (list(version.release) + [0] * (width - len(version.release)) for version in (low, high))
    if start[:-1] == end[:-1]:
        numbers = [(*start[:-1], last) for last in range(start[-1], end[-1])]
    elif start[:-2] == end[:-2] and end[-2] - start[-2] == 1:
        # ~2.7 || ^3.2: what comes after 2.7 in 2 is unbounded, but only 2.8 and 2.9 could ever be meant.
        numbers = [(*start[:-1], last) for last in range(start[-1], 10)]
        numbers += [(*end[:-1], last) for last in range(end[-1])]
    else:
        return []
    return [f"!={'.'.join(map(str, number))}.*" for number in numbers] if len(numbers) <= _MOST_EXCLUSIONS else []
