"""Index pages that are as pages should be, which is nearly all of them: nothing is made of their files.

A page has thousands of files, and a resolution looks at a few. So only what puts a file under its version is read of
each; the rest stays as the page had it. Whatever is out of the ordinary is left to :mod:`interlock.index.pages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec

from interlock.core.artifacts.listing import Listing, content_digest
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.text.one_line import one_line
from interlock.core.versions.order import in_order
from interlock.index.file_places import common_start
from interlock.index.filenames import version_in
from interlock.index.page_file import PageMeta, ProjectStatus

__all__ = ["FastPage", "read_fast_page"]


class _File(msgspec.Struct, rename="kebab", gc=False):
    filename: str
    url: str
    yanked: bool | str | None = False
    upload_time: str | None = None


class _Page(msgspec.Struct, rename="kebab"):
    files: list[_File]
    meta: PageMeta = msgspec.field(default_factory=PageMeta)
    project_status: ProjectStatus | None = None


class _Raw(msgspec.Struct):
    files: list[msgspec.Raw]


_PAGE = msgspec.json.Decoder(_Page)
_RAW = msgspec.json.Decoder(_Raw)

_FILES = (".whl", ".tar.gz", ".zip")
_ZEROS = str.maketrans("123456789", "000000000")
_TIMES = frozenset(
    ("", *(f"0000-00-00T00:00:00{fraction}Z" for fraction in ("", *("." + "0" * n for n in range(1, 7)))))
)


_Spans = tuple[tuple[tuple[int, int], ...], ...]


class FastPage(msgspec.Struct, frozen=True, array_like=True):
    """What a page says, short of what it says of each file."""

    versions: tuple[str, ...]
    spans: _Spans
    """Per version: where in the page the texts of its files begin and end; those side by side are one span."""
    start: str
    """What every link begins with."""
    base: str
    """Scheme and host of the files."""
    prereleases: tuple[int, ...]
    yanked: tuple[int, ...]
    first_upload: tuple[str, ...]
    status: str
    unversioned: tuple[str, ...]
    """Names of files whose versions are none."""
    digest: str
    """Of what the listing says."""

    def listing(self, name: NormalizedName, index: str, body: bytes) -> Listing:
        """The listing, whose files are slices of the page."""
        return Listing(
            name=name,
            index=index,
            versions=self.versions,
            files=_texts(body, self.spans),
            start=self.start,
            prereleases=self.prereleases,
            yanked=self.yanked,
            first_upload=self.first_upload,
            status=self.status,
            digest=self.digest,
        )


def read_fast_page(name: NormalizedName, url: str, body: bytes) -> FastPage | None:
    """Look at a JSON page; None when something about it takes a closer look.

    ``url`` is the page's own, without credentials.
    """
    try:
        page = _PAGE.decode(body)
        texts = _RAW.decode(body).files
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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
    status = page.project_status.status if page.project_status is not None else ""
    versions, spans = tuple([found.version for found in ordered]), _spans(body, texts, members)
    return FastPage(
        versions=versions,
        spans=spans,
        start=place[0],
        base=place[1],
        prereleases=tuple([at for at, found in enumerate(ordered) if found.is_prerelease]),
        yanked=tuple(_all_of(members, taken_back)) if taken_back else (),
        first_upload=uploads if any(uploads) else (),
        status="" if status == "active" else one_line(status),
        unversioned=tuple([files[number].filename for text in invalid for number in groups[text]]),
        digest=content_digest(versions, _texts(body, spans), (place[0],)),
    )


def _groups(name: NormalizedName, filenames: Sequence[str]) -> dict[str, list[int]] | None:
    """The files of each version by their numbers; None when there is a file that should belong and does not."""
    text = "\n".join(filenames)
    if "/" in text or "\\" in text or len(set(filenames)) != len(filenames):
        return None
    groups: dict[str, list[int]] = {}
    ours: dict[str, bool] = {}
    last, group = "", []
    for number, filename in enumerate(filenames):
        # Files of one version are neighbours, and begin alike.
        if last and filename.startswith(last) and filename[-4:] == ".whl" and filename.count("-") == 4:
            group.append(number)
            continue
        label: str | None
        if filename[-4:] == ".whl" and filename.count("-") == 4:
            # What version_in would say, without the call.
            stem, label, _ = filename.split("-", 2)
            known = ours.get(stem)
            if known is None:
                known = ours[stem] = normalize_name(stem) == name
            if not known:
                return None
            last = f"{stem}-{label}-"
            if "_" in label:
                label = label.replace("_", "-")
        else:
            label = version_in(filename, name)
            last = ""
            if label is None:
                if filename.endswith(_FILES):
                    return None
                continue
        group = groups.setdefault(label, [])
        group.append(number)
    return groups


def _spans(body: bytes, texts: Sequence[msgspec.Raw], members: Sequence[Sequence[int]]) -> _Spans:
    places = _places(body, texts)
    found: list[tuple[tuple[int, int], ...]] = []
    for group in members:
        first, last = group[0], group[-1]
        if last - first == len(group) - 1 and group == sorted(group):
            found.append(((places[first][0], places[last][1]),))
        else:
            found.append(tuple([places[number] for number in group]))
    return tuple(found)


def _places(body: bytes, texts: Sequence[msgspec.Raw]) -> list[tuple[int, int]]:
    """Where the texts of the files begin and end: nearly always a comma apart, which one look at all of them shows."""
    lengths = list(map(len, texts))
    first = body.find(texts[0]) if texts else 0
    for comma in (b",", b", "):
        if body.startswith(comma.join(texts), first):
            step = len(comma)
            starts = accumulate([length + step for length in lengths], initial=first)
            return [(start, start + length) for start, length in zip(starts, lengths, strict=False)]
    places: list[tuple[int, int]] = []
    end = 0
    for text in texts:
        start = body.index(text, end)
        end = start + len(text)
        places.append((start, end))
    return places


def _texts(body: bytes, spans: _Spans) -> tuple[memoryview, ...]:
    """What a page says of the files of each version."""
    whole = memoryview(body)
    return tuple(
        [
            whole[found[0][0] : found[0][1]]
            if len(found) == 1
            else memoryview(b",".join([whole[start:end] for start, end in found]))
            for found in spans
        ]
    )


def _all_of(members: Sequence[Sequence[int]], wanted: set[int]) -> Iterator[int]:
    return (at for at, group in enumerate(members) if wanted.issuperset(group))
