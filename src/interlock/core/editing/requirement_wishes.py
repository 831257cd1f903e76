"""What people type after ``add``: ``name``, ``name@^1``, ``name@latest``, ``name[extra]>=1``, URLs, git, paths."""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec
from packaging.version import InvalidVersion

from interlock.core.names import ExtraName, NormalizedName, is_name, normalize_extra, normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.settings.choices import Bounds
from interlock.core.sources.addresses import address_problem
from interlock.core.sources.direct_references import is_archive
from interlock.core.sources.git_url import redact_url
from interlock.core.sources.hashes import in_fragment
from interlock.core.text.one_line import one_line
from interlock.core.versions.poetry_constraint import specifier_of
from interlock.core.versions.version_list import parse_version
from interlock.errors import ManifestError, UsageError

__all__ = ["BadRequirement", "Wish", "bounded", "name_of_archive", "parse_requirements_file", "parse_wish"]

_AT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?P<extras>\[[^\]]*+\])?\s*+@(?P<rest>.+)", re.DOTALL)
_LOOSE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?P<extras>\[[^\]]*+\])?\s*+(?P<rest>[\^~](?!=).*|=[^=].*)?"
)
_GIT_SUFFIX = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*+://.+\.git(?:[@#].*)?|[\w.-]++@[\w.-]++:[^/].*\.git(?:[@#].*)?", re.DOTALL
)
_HASH = re.compile(r"\s--hash[= ]\S+")
_HASH_PARTS = re.compile(r"\s--hash[= ](\w+):(\w+)")


class BadRequirement(UsageError):
    """A requirement on the command line that cannot be read."""

    code = "bad-requirement"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One package that somebody wants."""

    name: str = ""
    """As typed; empty when only the source can tell."""
    extras: tuple[ExtraName, ...] = ()
    specifier: str = ""
    marker: str = ""
    latest: bool = False
    """``@latest``: forget what the manifest and the lock say."""
    source: dict[str, str] = {}
    """``git``, ``url`` or ``path`` with what goes with it; empty: an index."""
    editable: bool = False
    typed: str = ""

    @property
    def normalized(self) -> NormalizedName:
        return normalize_name(self.name)

    @property
    def is_bare(self) -> bool:
        """Nothing but a name."""
        return not (self.extras or self.specifier or self.marker or self.source or self.latest)


def parse_wish(text: str) -> Wish:
    """Read one; raises :class:`BadRequirement`.

    >>> parse_wish("httpx@^0.27").specifier, parse_wish("rich@latest").latest
    ('>=0.27,<0.28', True)
    >>> parse_wish("git+https://git.test/a.git@v1").source
    {'git': 'https://git.test/a.git', 'rev': 'v1'}
    """
    typed = text.strip()
    if not typed:
        raise BadRequirement("A requirement cannot be empty.")
    direct = _direct(typed)
    if direct is not None:
        return msgspec.structs.replace(direct, typed=typed)
    body, semicolon, marker = typed.partition(";")
    match = _AT.fullmatch(body.strip())
    if match is not None:
        wish = _at(match["name"], match["extras"] or "", match["rest"].strip())
    else:
        loose = _LOOSE.fullmatch(body.strip())
        if loose is not None and loose["rest"]:
            wish = Wish(name=loose["name"], extras=_extras(loose["extras"] or ""), specifier=_specifier(loose["rest"]))
        else:
            wish = _standard(body)
    if semicolon:
        wish = msgspec.structs.replace(wish, marker=_marker(marker.strip(), typed))
    return msgspec.structs.replace(wish, typed=typed)


def name_of_archive(path: str) -> str:
    """The project that the name of a wheel or source archive tells, empty when it does not.

    >>> name_of_archive("a/my_pkg-1.0-py3-none-any.whl"), name_of_archive("my-pkg-1.0.tar.gz")
    ('my_pkg', 'my-pkg')
    """
    file = unquote(path.replace("\\", "/").rpartition("/")[2])
    if file.endswith(".whl"):
        return file.partition("-")[0]
    stem = re.sub(r"\.(tar\.\w+|tgz|tbz|txz|zip|tar)$", "", file)
    name, _, _ = stem.rpartition("-")
    return name if is_name(name) else ""


def bounded(kind: Bounds, versions: list[str]) -> str:
    """A specifier for what was resolved.

    >>> [bounded(kind, ["1.2.3"]) for kind in ("lower", "major", "minor", "exact")]
    ['>=1.2.3', '>=1.2.3,<2.0.0', '>=1.2.3,<1.3.0', '==1.2.3']
    >>> bounded("major", ["0.4.1"])
    '>=0.4.1,<0.5.0'
    """
    known = []
    for text in versions:
        try:
            known.append(parse_version(text))
        except InvalidVersion:
            continue
    if not known:
        return ""
    low, high = min(known), max(known)
    if kind == "exact" and low == high:
        return f"=={low.public}"
    if kind in {"lower", "exact"}:
        return f">={low.public}"
    release = [*high.release, *[0] * (3 - len(high.release))] if len(high.release) > 1 else [*high.release, 0, 0]
    place = next((at for at, number in enumerate(release) if number), len(release) - 1)
    if kind == "minor":
        place = min(place + 1, len(release) - 1)
    above = [*release[:place], release[place] + 1, *[0] * (len(high.release) - place - 1)]
    epoch = f"{high.epoch}!" if high.epoch else ""
    return f">={low.public},<{epoch}{'.'.join(map(str, above))}"


def parse_requirements_file(text: str) -> tuple[list[Wish], list[str]]:
    """Requirements of a ``requirements.txt``, and the files it includes (``-r``, ``-c`` prefixes kept).

    Hashes of packages from an index and options of pip are left out: the lock has its own.
    """
    wishes: list[Wish] = []
    included: list[str] = []
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            continue
        option = re.match(r"(-r|--requirement|-c|--constraint|-e|--editable)[= ]\s*(.+)", line)
        if option is not None and option[1] in {"-e", "--editable"}:
            wishes.append(msgspec.structs.replace(parse_wish(option[2]), editable=True))
        elif option is not None:
            included.append(f"{'-c' if 'c' in option[1].lstrip('-')[:1] else '-r'} {option[2].strip()}")
        elif not line.startswith("-"):
            wishes.append(_with_hash(parse_wish(_HASH.sub("", line)), line))
    return wishes, included


def _with_hash(wish: Wish, line: str) -> Wish:
    """A file at a URL keeps the hash that stands beside it; of several, any would do, which a URL cannot say."""
    told = {f"{name}={digest}" for name, digest in _HASH_PARTS.findall(line)}
    if "url" not in wish.source or len(told) != 1 or "#" in wish.source["url"]:
        return wish
    return msgspec.structs.replace(wish, source={**wish.source, "url": f"{wish.source['url']}#{told.pop()}"})


def _direct(text: str) -> Wish | None:
    """A URL, a repository or a path without a name in front of it."""
    address, _, marker = text.partition(" ; ")
    if address.startswith("git+") or _GIT_SUFFIX.fullmatch(address):
        return Wish(source=_git(address), marker=marker.strip(), name=_egg(address))
    if re.match(r"(https?|file)://", address):
        return _url(address, marker.strip())
    if address.startswith((".", "/", "~/")) or "\\" in address or (is_archive(address) and "@" not in address):
        path, _, extras = address.partition("[")
        return Wish(
            source={"path": path},
            extras=_extras(f"[{extras}" if extras else ""),
            name=name_of_archive(path) if is_archive(path) else "",
        )
    return None


def _at(name: str, extras: str, rest: str) -> Wish:
    wish = Wish(name=name, extras=_extras(extras))
    if rest.lower() == "latest":
        return msgspec.structs.replace(wish, latest=True)
    direct = _direct(rest)
    if direct is not None:
        return msgspec.structs.replace(wish, source=direct.source)
    return msgspec.structs.replace(wish, specifier=_specifier(rest))


def _marker(text: str, typed: str) -> str:
    try:
        return parse_requirement(f"x ; {text}").marker
    except ManifestError as error:
        raise BadRequirement(
            f"`{text}` in `{typed}` is not a marker.", hint="Write one as in `python_version < '3.13'`."
        ) from error


def _specifier(text: str) -> str:
    try:
        return specifier_of(text)
    except ManifestError as error:
        raise BadRequirement(
            f"{error}.", hint="Write it as in name@^1.2, name@latest, name>=1,<2 or name@PATH."
        ) from error


def _standard(text: str) -> Wish:
    name = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", text)
    try:
        found = parse_requirement(text.strip())
    except ManifestError as error:
        raise BadRequirement(f"{error}.", hint="Write a name, name>=1, name@^1, a URL or a path.") from error
    assert name is not None
    bare = re.sub(r"\s", "", text)
    clauses = sorted(found.specifier.split(","), key=bare.find)  # as they were typed
    return Wish(name=name[1], extras=found.extras, specifier=",".join(clauses), marker=found.marker)


def _extras(text: str) -> tuple[ExtraName, ...]:
    return tuple(sorted({normalize_extra(part.strip()) for part in text.strip("[] ").split(",") if part.strip()}))


def _git(text: str) -> dict[str, str]:
    address, _, fragment = text.removeprefix("git+").partition("#")
    found: dict[str, str] = {}
    head, at, reference = address.rpartition("@")
    if (
        at
        and "/" not in reference.partition(":")[0]
        and (("://" in head and "/" in head.partition("://")[2]) or ":" in head)
    ):
        address, found["rev"] = head, reference
    for part in fragment.split("&"):
        key, equals, value = part.partition("=")
        if equals and key == "subdirectory":
            found["subdirectory"] = value
        elif part and not equals:
            found["rev"] = part
    return {"git": address, **found}


def _egg(text: str) -> str:
    fragment = text.partition("#")[2]
    return next((part[4:].partition("[")[0] for part in fragment.split("&") if part.startswith("egg=")), "")


def _url(address: str, marker: str) -> Wish:
    url, _, fragment = address.partition("#")
    problem = address_problem(url) if not url.lower().startswith("file:") else ""
    if problem:
        raise BadRequirement(f"`{one_line(redact_url(address))}` cannot be fetched: {problem}.")
    hashes = in_fragment(fragment)
    source = {"url": f"{url}#{hashes}" if hashes else url}
    for part in fragment.split("&"):
        if part.startswith("subdirectory="):
            source["subdirectory"] = part.partition("=")[2]
    return Wish(source=source, marker=marker, name=name_of_archive(url.partition("?")[0]) or _egg(address))
