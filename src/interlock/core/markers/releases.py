"""Version order for markers: PEP 440 versions as plain tuples, and comparisons as cuts through that order.

A *cut* is a place between versions: ``(key, 0)`` just before a version, ``(key, 1)`` just after it. A comparison is a
strictly ascending tuple of cuts plus its truth before the first one; every cut flips the truth.

Pre-releases: the diagrams know the whole order, so ``< '3.11.0a7'`` keeps its bound, but an *interpreter* is placed
by the release part of its version. So 3.15.0rc1 satisfies ``>= '3.15'``, for ``python_version`` and
``python_full_version`` alike, and ``<`` and ``>=`` stay exact complements.
"""

from __future__ import annotations

import re

from interlock.core.text.numbers import has_endless_number

__all__ = [
    "Cut",
    "Key",
    "Split",
    "final_key",
    "full_split",
    "interpreter_key",
    "is_minor",
    "key_text",
    "minor_split",
    "platform_key",
    "release_tuple_key",
    "version_key",
]

Key = tuple[int, tuple[int, ...], int, int, int, int, tuple[tuple[int, int, str], ...]]
"""Epoch, release without trailing zeros, pre-release kind and number, post, dev, local."""
Cut = tuple[Key, int]
Split = tuple[tuple[Cut, ...], bool]

_FINAL = 3
_NO_DEV = 1 << 60
_PRE = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_PRE_TEXT = ("a", "b", "rc")

_SIMPLE = re.compile(r"[0-9]{1,100}(?:\.[0-9]{1,100})*")
_VERSION = re.compile(
    r"""\s*v?(?:(?P<epoch>[0-9]{1,100})!)?(?P<release>[0-9]{1,100}(?:\.[0-9]{1,100})*)
    (?:[-_.]?(?P<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre_n>[0-9]{0,100}))?
    (?P<post>-(?P<post_n1>[0-9]{1,100})|[-_.]?(?:post|rev|r)[-_.]?(?P<post_n2>[0-9]{0,100}))?
    (?P<dev>[-_.]?dev[-_.]?(?P<dev_n>[0-9]{0,100}))?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*""",
    re.VERBOSE | re.IGNORECASE,
)

_KEYS: dict[str, Key | None] = {}
_INTERPRETERS: dict[str, Key] = {}


def release_tuple_key(release: tuple[int, ...], epoch: int = 0) -> Key:
    end = len(release)
    while end > 1 and release[end - 1] == 0:
        end -= 1
    return (epoch, release[:end], _FINAL, 0, -1, _NO_DEV, ())


def final_key(key: Key) -> Key:
    """Of a pre-, post-, development or local release: the final one."""
    return release_tuple_key(key[1], key[0])


def version_key(text: str) -> Key | None:
    """The sort key of a PEP 440 version, None when the text is not one. Memoised."""
    try:
        return _KEYS[text]
    except KeyError:
        key = _KEYS[text] = _parse(text)
        return key


def _parse(text: str) -> Key | None:
    if has_endless_number(text):
        return None
    if _SIMPLE.fullmatch(text):
        return release_tuple_key(tuple(map(int, text.split("."))))
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    epoch, release, *_ = release_tuple_key(tuple(map(int, match["release"].split("."))), int(match["epoch"] or 0))
    post = int(match["post_n1"] or match["post_n2"] or 0) if match["post"] else -1
    dev = int(match["dev_n"] or 0) if match["dev"] else _NO_DEV
    if match["pre"]:
        pre, number = _PRE[match["pre"].lower()], int(match["pre_n"] or 0)
    else:
        # A development release of the final comes before its pre-releases.
        pre, number = (-1 if dev != _NO_DEV and post == -1 else _FINAL), 0
    local: tuple[tuple[int, int, str], ...] = ()
    if match["local"]:
        parts = re.split(r"[-_.]", match["local"].lower())
        local = tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)
    return (epoch, release, pre, number, post, dev, local)


def key_text(key: Key, components: int = 2) -> str:
    """Write a key as a version, its release padded to a number of components."""
    epoch, release, pre, number, post, dev, local = key
    padded = release + (0,) * (components - len(release))
    text = f"{epoch}!" if epoch else ""
    text += ".".join(map(str, padded))
    if 0 <= pre < _FINAL:
        text += f"{_PRE_TEXT[pre]}{number}"
    if post >= 0:
        text += f".post{post}"
    if dev != _NO_DEV:
        text += f".dev{dev}"
    if local:
        text += "+" + ".".join(word or str(value) for _, value, word in local)
    return text


def interpreter_key(text: str) -> Key:
    """Where an interpreter of this version stands: by its release part (see the module)."""
    try:
        return _INTERPRETERS[text]
    except KeyError:
        match = _SIMPLE.match(text)
        release = tuple(map(int, match[0].split("."))) if match else (0,)
        key = _INTERPRETERS[text] = release_tuple_key(release)
        return key


def platform_key(text: str) -> Key:
    """Where a kernel's release or version stands.

    ``6.8.0-45-generic`` is not PEP 440; it goes right after its leading ``6.8.0``, which makes the ordered comparisons
    mean what their author meant and no ``==`` true. Text without a leading number comes first.
    """
    key = version_key(text)
    if key is not None:
        return key
    match = _SIMPLE.match(text)
    if match is None:
        return (-1, (0,), _FINAL, 0, -1, _NO_DEV, ())
    epoch, release, pre, number, post, dev, _ = release_tuple_key(tuple(map(int, match[0].split("."))))
    return (epoch, release, pre, number, post, dev, ((0, 0, text[match.end() :]),))


def is_minor(low: Cut, high: Cut) -> bool:
    """Whether two cuts enclose exactly one feature release such as 3.10."""
    if low[1] or high[1]:
        return False
    (major, minor), (next_major, next_minor) = _first_two(low[0][1]), _first_two(high[0][1])
    return (
        major == next_major
        and next_minor == minor + 1
        and low[0] == release_tuple_key((major, minor))
        and high[0] == release_tuple_key((next_major, next_minor))
    )


def _first_two(release: tuple[int, ...]) -> tuple[int, int]:
    return release[0], release[1] if len(release) > 1 else 0


def _before(*release: int, epoch: int = 0) -> Cut:
    return (release_tuple_key(release, epoch), 0)


def full_split(operator: str, text: str) -> Split | None:
    """``variable operator 'text'`` for a variable that ranges over whole versions; None when that is not PEP 440."""
    text = text.strip()
    if text.endswith(".*"):
        prefix = _SIMPLE.fullmatch(text[:-2])
        if operator not in {"==", "!="} or prefix is None:
            return None
        release = tuple(map(int, prefix[0].split(".")))
        return (_before(*release), _before(*release[:-1], release[-1] + 1)), operator == "!="
    key = version_key(text)
    if key is None:
        return None
    before, after = (key, 0), (key, 1)
    if operator in {"==", "==="}:
        return (before, after), False
    if operator == "!=":
        return (before, after), True
    if operator == "~=":
        release = _written_release(text)
        if len(release) < 2:
            return None
        return (before, _before(*release[:-2], release[-2] + 1, epoch=key[0])), False
    return {
        ">=": ((before,), False),
        ">": ((after,), False),
        "<": ((before,), True),
        "<=": ((after,), True),
    }.get(operator)


def _written_release(text: str) -> tuple[int, ...]:
    """The release as written, trailing zeros included: ``~= 3.0`` is not ``~= 3``."""
    match = _VERSION.fullmatch(text)
    return tuple(map(int, match["release"].split("."))) if match else ()


def minor_split(operator: str, text: str) -> Split | None:
    """``python_version operator 'text'`` on the order of full versions; None when that is not PEP 440.

    The variable only has values ``X.Y``, and ``X.Y`` stands for every ``X.Y.Z``.
    """
    text = text.strip()
    if text.endswith(".*"):
        prefix = _SIMPLE.fullmatch(text[:-2])
        if operator not in {"==", "!="} or prefix is None:
            return None
        release = tuple(map(int, prefix[0].split(".")))
        if any(release[2:]):
            return (), operator == "!="
        release = release[:2]
        return (_before(*release), _before(*release[:-1], release[-1] + 1)), operator == "!="
    key = version_key(text)
    if key is None:
        return None
    major, minor = _first_two(key[1])
    floor = release_tuple_key((major, minor), key[0])
    here = (floor, 0)
    following = _before(major, minor + 1, epoch=key[0])
    exact = key == floor
    if operator in {"==", "===", "!="}:
        return ((here, following) if exact else ()), operator == "!="
    if operator == "~=":
        release = _written_release(text)
        if len(release) < 2:
            return None
        low = here if key <= floor else following
        high = _before(*release[:-2], release[-2] + 1, epoch=key[0])
        return ((low, high) if low < high else ()), False
    if operator in {">=", "<"}:
        return (here if key <= floor else following,), operator == "<"
    if operator in {">", "<="}:
        return (here if key < floor else following,), operator == "<="
    return None
