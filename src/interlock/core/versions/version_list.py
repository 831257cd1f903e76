"""Version lists: sets of versions of one package as integers (PEP 440).

The known versions of a package are kept in ascending order; a set of them is an ``int`` whose bit *i* stands for the
version at position *i*. Intersection, union, difference and subset are then single machine-level operations, and a
specifier is a handful of binary searches done once per package and text.
"""

from __future__ import annotations

from collections.abc import Sequence

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from interlock.core.text.numbers import has_endless_number

__all__ = [
    "VersionList",
    "is_exact",
    "is_same_version",
    "mentions_prerelease",
    "parse_specifier",
    "parse_version",
    "release_key",
]

_PARSED: dict[str, Version] = {}


def parse_version(text: str) -> Version:
    """Parse PEP 440 text, memoised. Raises :class:`packaging.version.InvalidVersion`."""
    found = _PARSED.get(text)
    if found is None:
        if has_endless_number(text):
            raise InvalidVersion(f"Invalid version: {text[:40]!r}…")
        found = _PARSED[text] = Version(text)
    return found


def parse_specifier(text: str) -> SpecifierSet:
    """Parse a specifier set (PEP 440). Raises :class:`packaging.specifiers.InvalidSpecifier`."""
    if has_endless_number(text):
        raise InvalidSpecifier(f"Invalid specifier: {text[:40]!r}…")
    return SpecifierSet(text)


def is_same_version(one: str, other: str) -> bool:
    """Whether two texts are one version (PEP 440), as file names write them too; those that are none have to be equal.

    >>> is_same_version("1.0", "1.0.0"), is_same_version("1.0-1", "1.0_1"), is_same_version("x", "y")
    (True, True, False)
    """
    one, other = one.replace("_", "-"), other.replace("_", "-")
    if one == other:
        return True
    try:
        return parse_version(one) == parse_version(other)
    except InvalidVersion:
        return False


def release_key(text: str) -> tuple[int, Version] | tuple[int, str]:
    """A sort key for version texts that may be empty or invalid: those come first, as text."""
    try:
        return (1, parse_version(text))
    except InvalidVersion:
        return (0, text)


_CLAUSES: dict[str, tuple[Specifier, ...]] = {}


def _clauses(specifier: str) -> tuple[Specifier, ...]:
    found = _CLAUSES.get(specifier)
    if found is None:
        found = _CLAUSES[specifier] = tuple(SpecifierSet(specifier))
    return found


def is_exact(specifier: str) -> bool:
    """Whether the text pins one version (``==`` without a wildcard, or ``===``)."""
    return any(
        clause.operator == "===" or (clause.operator == "==" and not clause.version.endswith(".*"))
        for clause in _clauses(specifier)
    )


def mentions_prerelease(specifier: str) -> bool:
    """Whether a clause names a pre-release, which is how a requirement opts in to them."""
    for clause in _clauses(specifier):
        text = clause.version.removesuffix(".*")
        try:
            if clause.operator != "!=" and parse_version(text).is_prerelease:
                return True
        except InvalidVersion:
            continue
    return False


class VersionList:
    """The versions of one package on one index, ascending; versions are parsed when first compared."""

    __slots__ = ("_masks", "_parsed", "full", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.full = (1 << len(texts)) - 1
        self._parsed: list[Version | None] = [None] * len(texts)
        self._masks: dict[str, int] = {"": self.full}

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"<VersionList of {len(self.texts)}>"

    def version(self, position: int) -> Version:
        found = self._parsed[position]
        if found is None:
            found = self._parsed[position] = parse_version(self.texts[position])
        return found

    def position(self, text: str) -> int | None:
        """Where a version equal to the text under PEP 440 (local part included) stands."""
        wanted = parse_version(text)
        start = self._first(wanted)
        if start < len(self.texts) and self.version(start) == wanted:
            return start
        return None

    def mask(self, specifier: str) -> int:
        """The set of versions a specifier admits, pre-releases included whenever they are in range.

        Raises :class:`packaging.specifiers.InvalidSpecifier`.
        """
        found = self._masks.get(specifier)
        if found is None:
            found = self.full
            for clause in _clauses(specifier):
                found &= self._clause_mask(clause)
            self._masks[specifier] = found
        return found

    def _first(self, version: Version, *, after: bool = False) -> int:
        """The first position whose version is ``>= version`` (``> version`` with ``after``)."""
        low, high = 0, len(self.texts)
        while low < high:
            middle = (low + high) // 2
            candidate = self.version(middle)
            if candidate < version or (after and candidate == version):
                low = middle + 1
            else:
                high = middle
        return low

    def _below(self, position: int) -> int:
        return (1 << position) - 1

    def _between(self, low: int, high: int) -> int:
        return self._below(high) & ~self._below(low) if high > low else 0

    def _after_locals(self, public: Version) -> int:
        """The first position after ``public`` and every local version of it."""
        position = self._first(public)
        while position < len(self.texts) and _public(self.version(position)) == public:
            position += 1
        return position

    def _clause_mask(self, clause: Specifier) -> int:
        operator, text = clause.operator, clause.version
        if operator == "===":
            return sum(1 << i for i, known in enumerate(self.texts) if known.lower() == text.lower())
        if text.endswith(".*"):
            inside = self._prefix_mask(text[:-2])
            return inside if operator == "==" else self.full & ~inside
        version = parse_version(text)
        if operator in {"==", "!="}:
            inside = self._equal_mask(version)
            return inside if operator == "==" else self.full & ~inside
        if operator == ">=":
            return self.full & ~self._below(self._first(version))
        if operator == "<=":
            # A local version counts as its public part here, so 1.0+x is in <=1.0.
            return self._below(self._after_locals(version))
        if operator == "~=":
            return self._compatible_mask(version)
        if operator == "<":
            return self._less_mask(version)
        if operator == ">":
            return self._greater_mask(version)
        raise InvalidSpecifier(f"unknown operator in {clause}")  # pragma: no cover - PEP 440 has no other

    def _equal_mask(self, version: Version) -> int:
        start = self._first(version)
        if version.local is not None:
            found = start < len(self.texts) and self.version(start) == version
            return 1 << start if found else 0
        return self._between(start, self._after_locals(version))

    def _prefix_mask(self, prefix: str) -> int:
        start = parse_version(prefix)
        # Everything from the earliest development release of the prefix up to that of the next one.
        low = self._first(_earliest(start.epoch, start.release))
        high = self._first(_earliest(start.epoch, (*start.release[:-1], start.release[-1] + 1)))
        return self._between(low, high)

    def _compatible_mask(self, version: Version) -> int:
        upper = (
            (*version.release[:-2], version.release[-2] + 1) if len(version.release) > 1 else (version.release[0] + 1,)
        )
        low = self._first(version)
        high = self._first(_earliest(version.epoch, upper))
        return self._between(low, high)

    def _less_mask(self, version: Version) -> int:
        if version.is_prerelease:
            return self._below(self._first(version))
        # PEP 440, exclusive ordered comparison: <V excludes the pre-releases of V itself, the earliest of which is
        # V.dev0; those of 1.0 are not pre-releases of 1.0.post1.
        return self._below(self._first(parse_version(f"{version.public}.dev0")))

    def _greater_mask(self, version: Version) -> int:
        start = self._after_locals(_public(version))
        if not version.is_postrelease and not version.is_devrelease:
            # >V excludes the post-releases of V itself, which stand right after it.
            while start < len(self.texts) and _is_postrelease_of(self.version(start), version):
                start += 1
        return self.full & ~self._below(start)


def _public(version: Version) -> Version:
    return version if version.local is None else parse_version(version.public)


def _earliest(epoch: int, release: tuple[int, ...]) -> Version:
    return parse_version(f"{epoch}!{'.'.join(map(str, release))}.dev0")


def _base(version: Version) -> Version:
    return parse_version(version.base_version)


def _is_postrelease_of(candidate: Version, version: Version) -> bool:
    return candidate.is_postrelease and candidate.pre == version.pre and _base(candidate) == _base(version)
