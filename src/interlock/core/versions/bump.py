"""Raising versions: the rules of ``uv version --bump`` and of ``poetry version`` (PEP 440)."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.version import InvalidVersion, Version

from interlock.core.versions.version_list import parse_version
from interlock.errors import UsageError

__all__ = ["BUMPS", "RULES", "BadBump", "bump", "by_rule", "checked_version"]

BUMPS = ("major", "minor", "patch", "stable", "alpha", "beta", "rc", "post", "dev")
"""What ``--bump`` takes, uv's words; those of a pre-release may have ``=N``."""
RULES = ("patch", "minor", "major", "prepatch", "preminor", "premajor", "prerelease")
"""What may stand in the place of a version, Poetry's words."""

_RELEASE = ("major", "minor", "patch")
_PRE = {"alpha": "a", "beta": "b", "rc": "rc"}
_NEXT_PHASE = {"a": "b", "b": "rc"}


class BadBump(UsageError):
    """A version that cannot be raised as asked."""

    code = "bad-bump"


def checked_version(text: str) -> str:
    """The version in its normal form; raises :class:`BadBump`."""
    try:
        return str(parse_version(text))
    except InvalidVersion as error:
        raise BadBump(
            f"`{text}` is neither a version (PEP 440) nor a rule.",
            hint=f"Rules: {', '.join(RULES)}. A member is named with --package.",
        ) from error


def bump(version: str, bumps: Sequence[str]) -> str:
    """Raise a version by one or two of :data:`BUMPS`.

    >>> bump("1.2.3", ["patch"]), bump("1.2.3b4", ["stable"]), bump("1.3.0", ["minor", "beta"])
    ('1.2.4', '1.2.3', '1.4.0b1')

    Raises :class:`BadBump` for an unknown word, for words that do not go together, and when the result is not higher.
    """
    _check(bumps)
    found = parse_version(version)
    for text in sorted(bumps, key=lambda item: BUMPS.index(item.partition("=")[0])):
        word, equals, number = text.partition("=")
        raised = _one(found, word, int(number) if equals else None)
        found = parse_version(f"{raised}+{found.local}") if found.local else raised
    if found <= parse_version(version):
        hint = "Give the exact version to set it all the same."
        if not parse_version(version).is_prerelease and any(text.partition("=")[0] not in _RELEASE for text in bumps):
            hint = f"Raise the release too: `--bump patch --bump {bumps[0]}`."
        raise BadBump(f"{version} => {found} does not increase the version.", hint=hint)
    return str(found)


def _check(bumps: Sequence[str]) -> None:
    words = [text.partition("=")[0] for text in bumps]
    for text, word in zip(bumps, words, strict=True):
        if word not in BUMPS:
            raise BadBump(f"`--bump {text}` is unknown.", hint=f"Known: {', '.join(BUMPS)}.")
        if "=" in text and not text.partition("=")[2].isdecimal():
            raise BadBump(f"`--bump {text}` has no number behind the `=`.")
        if "=" in text and word == "stable":
            raise BadBump("`--bump stable` takes no number.")
    if len(words) > 1 and "stable" in words:
        raise BadBump("`--bump stable` cannot be used with another `--bump`.")
    if sum(word in _RELEASE for word in words) > 1:
        raise BadBump("Only one of major, minor and patch can be raised at a time.")
    if sum(word not in _RELEASE for word in words) > 1:
        raise BadBump("Only one of alpha, beta, rc, post and dev can be raised at a time.")
    if len(words) > 1 and "post" in words:
        raise BadBump("`--bump post` cannot be used with another `--bump`.")


def _one(version: Version, word: str, number: int | None) -> Version:
    epoch, release = version.epoch, version.release
    if word in _RELEASE:
        return _made(epoch, _raised(release, _RELEASE.index(word), number))
    if word == "stable":
        return _made(epoch, release)
    if word in _PRE:
        same = version.pre is not None and version.pre[0] == _PRE[word]
        count = number if number is not None else (version.pre[1] + 1 if same and version.pre is not None else 1)
        return _made(epoch, release, pre=f"{_PRE[word]}{count}")
    pre = f"{version.pre[0]}{version.pre[1]}" if version.pre is not None else ""
    if word == "post":
        count = number if number is not None else (version.post or 0) + 1
        return _made(epoch, release, pre=pre, rest=f".post{count}")
    post = f".post{version.post}" if version.post is not None else ""
    count = number if number is not None else (version.dev or 0) + 1
    return _made(epoch, release, pre=pre, rest=f"{post}.dev{count}")


def _raised(release: tuple[int, ...], place: int, number: int | None = None) -> tuple[int, ...]:
    """One part raised (or set), those behind it zero, as many parts as before or as are needed."""
    parts = [*release, *[0] * (place + 1 - len(release))]
    parts[place] = parts[place] + 1 if number is None else number
    return (*parts[: place + 1], *[0] * (len(parts) - place - 1))


def _made(epoch: int, release: tuple[int, ...], *, pre: str = "", rest: str = "") -> Version:
    return parse_version(f"{f'{epoch}!' if epoch else ''}{'.'.join(map(str, release))}{pre}{rest}")


def by_rule(version: str, rule: str, *, next_phase: bool = False) -> str:
    """Raise a version by one of Poetry's rules.

    >>> by_rule("1.0.2", "prerelease"), by_rule("1.0.3a0", "prerelease", next_phase=True)
    ('1.0.3a0', '1.0.3b0')
    """
    old = parse_version(version)
    epoch = old.epoch
    if rule == "prerelease":
        if old.pre is None:
            return str(_made(epoch, _next(old, 2), pre="a0"))
        if not next_phase:
            return str(_made(epoch, old.release, pre=f"{old.pre[0]}{old.pre[1] + 1}"))
        phase = _NEXT_PHASE.get(old.pre[0])
        return str(_made(epoch, old.release, pre=f"{phase}0" if phase else ""))
    place = _RELEASE.index(rule.removeprefix("pre"))
    return str(_made(epoch, _next(old, place), pre="a0" if rule.startswith("pre") else ""))


def _next(version: Version, place: int) -> tuple[int, ...]:
    """The next release; a pre-release of such a release becomes that release."""
    release = version.release
    padded = (*release, 0, 0, 0)[: max(3, len(release))]
    if version.is_prerelease and not any(padded[place + 1 :]):
        return release
    return _raised(release, place)
