"""Pages as clients read them: JSON (PEP 691, 700, 714, 792) and HTML (PEP 503, 592, 658, 714, 792). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import msgspec

from interlock.core.artifacts.listing import Listing
from interlock.core.artifacts.published import utc
from interlock.core.names import NormalizedName

__all__ = ["DIGITS", "NO_DIGEST", "file_link", "render_html", "render_json", "render_names_html", "render_names_json"]

_API, _WITHOUT_SIZES = "1.4", "1.0"
DIGITS = 16
"""Of a file's sha256, in its address here: what was put in its place has another one."""
NO_DIGEST = "-"
_SECONDS = 19
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILES = msgspec.json.Decoder(list[dict[str, Any]])


def file_link(index: str, name: NormalizedName, sha256: str, filename: str) -> str:
    """Where a file is, from the page of its project."""
    return f"../../../files/{quote(index)}/{name}/{sha256[:DIGITS] or NO_DIGEST}/{quote(filename)}"


def render_json(listing: Listing, index: str, before: str) -> bytes:
    """``before``: only files uploaded before this moment (``YYYY-MM-DDTHH:MM:SSZ``), where there is one."""
    versions, files = _described(listing, index, before)
    # PEP 700 has a size for every file; a page that cannot tell them all is one of before, with what else it knows.
    version = _API if all("size" in file for file in files) else _WITHOUT_SIZES
    page: dict[str, Any] = {"meta": {"api-version": version}, "name": listing.name}
    if listing.status:
        page["project-status"] = {"status": listing.status}
    return msgspec.json.encode(page | {"versions": versions, "files": files})


def render_html(listing: Listing, index: str, before: str) -> bytes:
    """As :func:`render_json`."""
    _, files = _described(listing, index, before)
    status = f'<meta name="pypi:project-status" content="{escape(listing.status)}">\n' if listing.status else ""
    return _document(f"Links for {listing.name}", status, map(_anchor, files))


def render_names_json(names: Sequence[str]) -> bytes:
    return msgspec.json.encode({"meta": {"api-version": _API}, "projects": [{"name": name} for name in names]})


def render_names_html(names: Sequence[str]) -> bytes:
    anchors = (f'<a href="{quote(name)}/">{escape(name)}</a>' for name in names)
    return _document("Simple index", "", anchors)


def _document(title: str, head: str, anchors: Iterable[str]) -> bytes:
    links = "<br>\n".join(anchors)
    return (
        '<!DOCTYPE html>\n<html><head>\n<meta charset="utf-8">\n'
        f'<meta name="pypi:repository-version" content="{_API}">\n'
        f"{head}<title>{escape(title)}</title></head><body>\n{links}\n</body></html>\n"
    ).encode()


def _described(listing: Listing, index: str, before: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The versions that have files, and the files as a JSON page describes them."""
    versions: list[str] = []
    files: list[dict[str, Any]] = []
    for version, raw in zip(listing.versions, listing.files, strict=True):
        kept = [
            _described_file(file, listing.name, index)
            for file in _FILES.decode(b"".join((b"[", raw, b"]")))
            if not before or _is_before(file, before)
        ]
        if kept:
            versions.append(version)
            files += kept
    return versions, files


def _is_before(file: dict[str, Any], before: str) -> bool:
    """What does not say when it came is not known to have been there."""
    time = file.get("upload-time")
    time = utc(time) if isinstance(time, str) else ""
    return bool(time) and time[:_SECONDS] < before[:_SECONDS]


def _described_file(file: dict[str, Any], name: NormalizedName, index: str) -> dict[str, Any]:
    hashes = file.get("hashes")
    sha256 = hashes.get("sha256", "") if isinstance(hashes, dict) else ""
    told = {key: value for key, value in file.items() if value is not None and key not in _REPLACED}
    told["hashes"] = hashes if isinstance(hashes, dict) else {}
    told["url"] = file_link(index, name, sha256 if _SHA256.fullmatch(str(sha256)) else "", file["filename"])
    if file["filename"].endswith(".whl"):
        offered = file.get("core-metadata", file.get("dist-info-metadata"))
        told["core-metadata"] = offered if isinstance(offered, dict) and offered else True
    return told


_REPLACED = frozenset({"url", "hashes", "core-metadata", "dist-info-metadata"})


def _anchor(file: dict[str, Any]) -> str:
    href = file["url"]
    digests = [
        f"{name}={digest}" for name, digest in sorted(file["hashes"].items(), key=lambda pair: pair[0] != "sha256")
    ]
    attributes = f'href="{escape(href + ("#" + digests[0] if digests else ""))}"'
    if file.get("requires-python"):
        attributes += f' data-requires-python="{escape(str(file["requires-python"]))}"'
    yanked = file.get("yanked", False)
    if yanked is not False:
        attributes += f' data-yanked="{escape(yanked) if isinstance(yanked, str) else ""}"'
    offered = file.get("core-metadata")
    if offered:
        digest = offered.get("sha256", "") if isinstance(offered, dict) else ""
        told = f"sha256={escape(str(digest))}" if digest else "true"
        # Clients of before PEP 714 know it by the other name.
        attributes += f' data-core-metadata="{told}" data-dist-info-metadata="{told}"'
    return f"<a {attributes}>{escape(file['filename'])}</a>"
