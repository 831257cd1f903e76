"""Index pages into listings (PEP 503, 592, 658, 691, 700, 714, 792).

What one file says wrongly costs that file, never the page; what the page says wrongly is an error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from packaging.version import InvalidVersion, Version

from interlock.core.artifacts import Artifact
from interlock.core.listing import Listing, encode_artifacts
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.versions import parse_version
from interlock.index.failures import BadPage, UnsupportedApi
from interlock.index.filenames import version_in
from interlock.index.html_page import parse_html
from interlock.index.page_file import PageFile, PageFiles
from interlock.index.urls import is_remote, join, origin, redact, without_login

__all__ = ["ACCEPT", "Page", "make_page", "parse_page"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
_API = 1
_SHOWN = 80
"""How much is shown of an entry that cannot be read."""


class Page(msgspec.Struct, frozen=True, array_like=True):
    """A listing, and where its files are."""

    listing: Listing
    base: str = ""
    """Scheme and host of the files, with a slash; artifacts' locations are below it."""
    links: dict[str, str] = {}
    """URLs by file name, for files that are somewhere else."""
    skipped: int = 0
    """Files left out because something about them was unreadable."""


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _Status(msgspec.Struct):
    status: str = ""


class _JsonPage(msgspec.Struct, rename="kebab"):
    files: list[PageFile]
    meta: _Meta = msgspec.field(default_factory=_Meta)
    project_status: _Status | None = None


class _LoosePage(msgspec.Struct, rename="kebab"):
    files: list[msgspec.Raw]
    meta: _Meta = msgspec.field(default_factory=_Meta)
    project_status: msgspec.Raw = msgspec.Raw(b"null")


_STRICT = msgspec.json.Decoder(_JsonPage)
_LOOSE = msgspec.json.Decoder(_LoosePage)
_FILE = msgspec.json.Decoder(PageFile)


def parse_page(body: bytes, content_type: str, url: str, *, index: str = "") -> PageFiles:
    """Read a page of either format.

    Raises :class:`BadPage` when it is neither, :class:`UnsupportedApi` for a newer major version.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json") or (not kind.endswith("html") and body.lstrip()[:1] == b"{"):
        page = _parse_json(body, url, index)
    elif kind.endswith("html") or body.lstrip()[:1] == b"<":
        links = parse_html(body, content_type)
        if links is None:
            raise BadPage(redact(url), "it is not HTML", index=index)
        page = links
    else:
        raise BadPage(redact(url), f"it is of type `{kind or 'unknown'}`, neither JSON nor HTML", index=index)
    if not page.api_version.partition(".")[0].isdecimal():
        raise BadPage(redact(url), f"its version of the API is `{page.api_version}`", index=index)
    if int(page.api_version.partition(".")[0]) > _API:
        raise UnsupportedApi(redact(url), page.api_version, index=index)
    return page


def _parse_json(body: bytes, url: str, index: str) -> PageFiles:
    try:
        page = _STRICT.decode(body)
    except msgspec.ValidationError:
        return _parse_loosely(body, url, index)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPage(redact(url), f"it is not JSON ({error})", index=index) from error
    status = page.project_status.status if page.project_status else ""
    return PageFiles(files=page.files, api_version=page.meta.api_version, status=status)


def _parse_loosely(body: bytes, url: str, index: str) -> PageFiles:
    """File by file, leaving out those that are not as the standard says."""
    try:
        page = _LOOSE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPage(redact(url), f"it is not a page of the simple API ({error})", index=index) from error
    files: list[PageFile] = []
    notes: list[str] = []
    for raw in page.files:
        try:
            files.append(_FILE.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            notes.append(f"{bytes(raw)[:_SHOWN].decode(errors='replace')}: {error}")
    try:
        status = msgspec.json.decode(page.project_status, type=_Status | None)
    except msgspec.DecodeError:
        status = None
    return PageFiles(
        files=files,
        api_version=page.meta.api_version,
        status=status.status if status else "",
        skipped=len(page.files) - len(files),
        notes=notes,
    )


def make_page(name: NormalizedName, index: str, url: str, page: PageFiles) -> Page:
    """Group a page's files by version. ``url`` is the page's own, without credentials; links are relative to it.

    What is left out is added to the notes of ``page``.
    """
    files = page.files
    base, locations, links = _places(files, join(url, page.base) if page.base else url)
    plain = _are_plain(files)
    groups: dict[str, list[Artifact]] = {}
    ours: dict[str, bool] = {}
    skipped = page.skipped
    for file, location in zip(files, locations, strict=True):
        filename = file.filename
        parts = filename.split("-") if filename[-4:] == ".whl" else ()
        if len(parts) == 5 and (parts[0] in ours or normalize_name(parts[0]) == name) and "_" not in parts[1]:
            # What version_in would say, without the call: a page has thousands of files.
            ours[parts[0]] = True
            text: str | None = parts[1]
        else:
            text = version_in(filename, name)
        if text is None or "/" in filename or "\\" in filename:
            if filename.endswith((".whl", ".tar.gz", ".zip")):
                skipped += 1
                page.notes.append(f"{filename}: this is not the name of a file of {name}")
            links.pop(filename, None)
            continue
        artifact = _plain_artifact(file, location) if plain else _artifact(file, location)
        group = groups.get(text)
        if group is None:
            groups[text] = [artifact]
        else:
            group.append(artifact)
    ordered, invalid = _order(groups, page.notes)
    reasons = {file.filename: file.yanked for file in files if isinstance(file.yanked, str) and file.yanked}
    return Page(_listing(name, index, ordered, page.status, reasons), base, links, skipped + invalid)


def _places(files: Sequence[PageFile], url: str) -> tuple[str, Sequence[str], dict[str, str]]:
    """The host of the files, each file's path below it (empty for one elsewhere), and the URLs of those elsewhere."""
    urls = [file.url for file in files]
    same = _same_start(urls, url)
    if same is not None:
        base, cut = same
        return base, [found[cut:] for found in urls], {}
    addresses = _addresses(files, url)
    base = _base(addresses)
    cut = len(base)
    locations: list[str] = []
    links: dict[str, str] = {}
    for file, address in zip(files, addresses, strict=True):
        if base and address.startswith(base) and "?" not in address:
            locations.append(address[cut:])
        else:
            locations.append("")
            links[file.filename] = address
    return base, locations, links


_ODD = ("?", "#", "@", "\\", " ", "//", "/.")
_UPWARD = re.compile(r"(?:\.\./)+(?=[^./])|/(?=[^/])|https?://[a-z0-9.:-]+/(?=[^/])")


def _same_start(urls: Sequence[str], url: str) -> tuple[str, int] | None:
    """Where all links lead, and how much of each says so, when every link of a page is written alike.

    It nearly always is: with the same host, from the root, or with the same number of ``../``. Then no link has to be
    joined with the page's URL, which would cost more than everything else that is done with a page.
    """
    found = _UPWARD.match(urls[0]) if urls else None
    if found is None:
        return None
    start = found.group()
    cut = len(start)
    rest = [one[cut:] for one in urls if one.startswith(start)]
    text = "\n".join(rest)
    if len(rest) != len(urls) or min(rest) < "0" or any(odd in text for odd in _ODD):
        return None
    if is_remote(start):
        return start, cut
    base = join(url, start)
    # Only what is at the top of the host has the host alone for its base.
    return (base, cut) if base == origin(base) else None


def _addresses(files: Sequence[PageFile], base: str) -> list[str]:
    """Absolute URLs of the files, without fragments and credentials."""
    folders: dict[str, str] = {}
    found: list[str] = []
    for file in files:
        url = file.url
        if "#" in url:
            url = url.partition("#")[0]
        if not is_remote(url):
            folder, slash, last = url.rpartition("/")
            if not slash or not folder.strip("/") or "?" in url:
                url = join(base, url)
            else:
                # urljoin costs more than everything else here, and a page has few folders.
                known = folders.get(folder)
                if known is None:
                    known = folders[folder] = join(base, folder + "/")
                url = known + last
        found.append(without_login(url))
    return found


def _base(addresses: Sequence[str]) -> str:
    """The host most files are on; the same page gives the same answer."""
    if not addresses:
        return ""
    first = origin(addresses[0])
    if first and all(address.startswith(first) for address in addresses):
        return first
    counted = Counter(filter(None, map(origin, addresses)))
    return min(counted, key=lambda base: (-counted[base], base)) if counted else ""


_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")


def _artifact(file: PageFile, location: str) -> Artifact:
    sha256 = file.hashes.get("sha256", "")
    if sha256 and not _SHA256.fullmatch(sha256):
        sha256 = sha256.lower()
        if not _SHA256.fullmatch(sha256):
            sha256 = ""
    upload_time = file.upload_time or ""
    if upload_time and not _TIME.fullmatch(upload_time):
        upload_time = _utc(upload_time)
    core = file.core_metadata
    if core is None:
        core = file.dist_info_metadata
    return Artifact(
        filename=file.filename,
        sha256=sha256,
        size=file.size,
        upload_time=upload_time,
        location=location,
        requires_python=file.requires_python or "",
        yanked=bool(file.yanked),
        metadata_sha256=_metadata_hash(core),
    )


_ZEROS = str.maketrans("123456789", "000000000")
_TIMES = frozenset(f"0000-00-00T00:00:00{fraction}Z" for fraction in ("", *("." + "0" * n for n in range(1, 7))))


def _are_plain(files: Sequence[PageFile]) -> bool:
    """Whether every file of a page has a hash and a time just as we keep them; asked once for all of them."""
    hashes = [file.hashes.get("sha256", "") for file in files]
    if set(map(len, hashes)) != {64} or "".join(hashes).strip("0123456789abcdef"):
        return False
    times = "\n".join([file.upload_time or "" for file in files])
    return _TIMES.issuperset(times.translate(_ZEROS).split("\n"))


def _plain_artifact(file: PageFile, location: str) -> Artifact:
    core = file.core_metadata
    if core is None:
        core = file.dist_info_metadata
    return Artifact(
        filename=file.filename,
        sha256=file.hashes["sha256"],
        size=file.size,
        upload_time=file.upload_time or "",
        location=location,
        requires_python=file.requires_python or "",
        yanked=bool(file.yanked),
        metadata_sha256=_metadata_hash(core),
    )


def _metadata_hash(core: bool | dict[str, str] | None) -> str:
    if isinstance(core, dict):
        digest = core.get("sha256", "").lower()
        return digest if _SHA256.fullmatch(digest) else "true"
    return "true" if core else ""


def _utc(text: str) -> str:
    """A time stamp in the form we keep, or nothing."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return ""
    parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    return parsed.replace(tzinfo=None).isoformat() + "Z"


def _order(groups: dict[str, list[Artifact]], notes: list[str]) -> tuple[list[tuple[Version, list[Artifact]]], int]:
    """The groups by version, equal versions (``1.0`` and ``1.0.0``) as one; and how many files had no valid one."""
    merged: dict[Version, list[Artifact]] = {}
    invalid = 0
    for text, artifacts in groups.items():
        try:
            version = parse_version(text)
        except InvalidVersion:
            invalid += len(artifacts)
            notes += [f"{artifact.filename}: `{text}` is not a version" for artifact in artifacts]
            continue
        known = merged.get(version)
        if known is None:
            merged[version] = artifacts
        else:
            known.extend(artifacts)
    return [(version, merged[version]) for version in sorted(merged)], invalid


def _listing(
    name: NormalizedName,
    index: str,
    ordered: list[tuple[Version, list[Artifact]]],
    status: str,
    reasons: Mapping[str, str],
) -> Listing:
    versions: list[str] = []
    because: dict[str, str] = {}
    files: list[memoryview] = []
    prereleases: list[int] = []
    yanked: list[int] = []
    first_upload: list[str] = []
    for position, (version, artifacts) in enumerate(ordered):
        if len(artifacts) > 1:
            # A page may name a file twice; the last entry wins, as it would with a dictionary.
            named = {artifact.filename: artifact for artifact in artifacts}
            artifacts = [named[filename] for filename in sorted(named)]
            artifacts.sort(key=_is_source)
        versions.append(str(version))
        files.append(encode_artifacts(artifacts))
        if version.is_prerelease:
            prereleases.append(position)
        if all(artifact.yanked for artifact in artifacts):
            yanked.append(position)
            said = next((reasons[artifact.filename] for artifact in artifacts if artifact.filename in reasons), "")
            if said:
                because[str(version)] = " ".join(said.split())
        times = [artifact.upload_time for artifact in artifacts]
        first_upload.append(min(times))
    return Listing(
        name=name,
        index=index,
        versions=tuple(versions),
        files=tuple(files),
        prereleases=tuple(prereleases),
        yanked=tuple(yanked),
        yanked_reasons=because,
        first_upload=tuple(first_upload) if any(first_upload) else (),
        status="" if status == "active" else status,
    )


def _is_source(artifact: Artifact) -> bool:
    return not artifact.filename.endswith(".whl")
