"""Index pages that are as a page should be, which is nearly all of them: nothing is made of their files.

A page has thousands of files, and a resolution looks at a few. So only what puts a file under its version is read of
each; the rest stays as the page had it. Whatever is out of the ordinary is left to :mod:`interlock.index.pages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec

from interlock.core.listing import Listing
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.version_order import in_order
from interlock.index.file_places import common_start
from interlock.index.filenames import version_in

__all__ = ["quick_listing"]


class _Glance(msgspec.Struct, rename="kebab", gc=False):
    filename: str
    url: str
    yanked: bool | str | None = False
    upload_time: str | None = None


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _Status(msgspec.Struct):
    status: str = ""


class _Glances(msgspec.Struct, rename="kebab"):
    files: list[_Glance]
    meta: _Meta = msgspec.field(default_factory=_Meta)
    project_status: _Status | None = None


class _Texts(msgspec.Struct):
    files: list[msgspec.Raw]


_GLANCES = msgspec.json.Decoder(_Glances)
_TEXTS = msgspec.json.Decoder(_Texts)

_OPENING = ord("{")
_FILES = (".whl", ".tar.gz", ".zip")
_ZEROS = str.maketrans("123456789", "000000000")
_TIMES = frozenset(
    ("", *(f"0000-00-00T00:00:00{fraction}Z" for fraction in ("", *("." + "0" * n for n in range(1, 7)))))
)


def quick_listing(name: NormalizedName, index: str, url: str, body: bytes) -> tuple[Listing, str, list[str]] | None:
    """The listing of a JSON page, the host of its files, and the names of files whose versions are none.

    None when something about the page takes a closer look.

    ``url`` is the page's own, without credentials.
    """
    try:
        page = _GLANCES.decode(body)
        texts = _TEXTS.decode(body).files
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    files = page.files
    if page.meta.api_version.partition(".")[0] != "1":
        return None
    place = common_start([file.url for file in files], url)
    times = [file.upload_time or "" for file in files]
    if place is None or not _TIMES.issuperset("\n".join(times).translate(_ZEROS).split("\n")):
        return None
    groups = _groups(name, [file.filename for file in files])
    if groups is None:
        return None
    ordered, invalid = in_order(groups)
    members = [[number for text in found.texts for number in groups[text]] for found in ordered]
    taken_back = {number for number, file in enumerate(files) if file.yanked}
    uploads = tuple([min([times[number] for number in group]) for group in members])
    listing = Listing(
        name=name,
        index=index,
        versions=tuple([found.version for found in ordered]),
        files=tuple(_slices(body, texts, members)),
        start=place[0],
        prereleases=tuple([at for at, found in enumerate(ordered) if found.is_prerelease]),
        yanked=tuple(_all_of(members, taken_back)) if taken_back else (),
        first_upload=uploads if any(uploads) else (),
        status=page.project_status.status if page.project_status and page.project_status.status != "active" else "",
    )
    return listing, place[1], [files[number].filename for text in invalid for number in groups[text]]


def _groups(name: NormalizedName, filenames: Sequence[str]) -> dict[str, list[int]] | None:
    """The files of each version by their numbers; None when there is a file that should belong and does not."""
    text = "\n".join(filenames)
    if "/" in text or "\\" in text or len(set(filenames)) != len(filenames):
        return None
    groups: dict[str, list[int]] = {}
    ours: dict[str, bool] = {}
    for number, filename in enumerate(filenames):
        label: str | None
        if filename[-4:] == ".whl" and filename.count("-") == 4:
            # What version_in would say, without the call.
            stem, label, _ = filename.split("-", 2)
            known = ours.get(stem)
            if known is None:
                known = ours[stem] = normalize_name(stem) == name
            if not known:
                return None
            if "_" in label:
                label = label.replace("_", "-")
        else:
            label = version_in(filename, name)
            if label is None:
                if filename.endswith(_FILES):
                    return None
                continue
        group = groups.get(label)
        if group is None:
            groups[label] = [number]
        else:
            group.append(number)
    return groups


def _slices(body: bytes, texts: Sequence[msgspec.Raw], members: Sequence[Sequence[int]]) -> Iterator[memoryview]:
    """The text of each version's files, from the page itself where they stand side by side, as they mostly do."""
    starts = _starts(body, texts)
    whole = memoryview(body)
    for group in members:
        first, last = group[0], group[-1]
        if starts and last - first == len(group) - 1:
            yield whole[starts[first] : starts[last] + len(texts[last])]
        else:
            yield memoryview(b",".join([texts[number] for number in group]))


def _starts(body: bytes, texts: Sequence[msgspec.Raw]) -> list[int]:
    """Where the text of each file begins; empty when there is more between two than a comma."""
    starts = list(accumulate([len(text) + 1 for text in texts], initial=body.find(texts[0])))
    end = starts.pop() - 1
    compact = body[end : end + 1] == b"]" and all(body[start] == _OPENING for start in starts)
    return starts if compact else []


def _all_of(members: Sequence[Sequence[int]], wanted: set[int]) -> Iterator[int]:
    return (at for at, group in enumerate(members) if wanted.issuperset(group))
