"""The links and the declarations of an HTML index page (PEP 503, 592, 629, 658, 714, 792)."""

from __future__ import annotations

from html.parser import HTMLParser

from interlock.index.page_file import PageFile
from interlock.index.urls import filename_of

__all__ = ["Links"]

_WANTED = (".whl", ".tar.gz", ".zip")


class Links(HTMLParser):
    """Collects anchors; the parser itself undoes the escapes in attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.files: list[PageFile] = []
        self.api_version = "1.0"
        self.status = ""
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._anchor(dict(attrs))
        elif tag == "meta":
            values = dict(attrs)
            if values.get("name") == "pypi:repository-version":
                self.api_version = values.get("content") or "1.0"
            elif values.get("name") == "pypi:project-status":
                self.status = values.get("content") or ""
        elif tag == "base" and not self.base:
            self.base = dict(attrs).get("href") or ""

    def _anchor(self, values: dict[str, str | None]) -> None:
        href = (values.get("href") or "").strip()
        filename = filename_of(href)
        if not filename.endswith(_WANTED):
            return
        algorithm, _, digest = href.partition("#")[2].partition("=")
        core = values.get("data-core-metadata", values.get("data-dist-info-metadata"))
        offered = "data-core-metadata" in values or "data-dist-info-metadata" in values
        self.files.append(
            PageFile(
                filename=filename,
                url=href,
                hashes={algorithm.lower(): digest.partition("&")[0]} if digest else {},
                requires_python=values.get("data-requires-python"),
                yanked=(values["data-yanked"] or True) if "data-yanked" in values else False,
                core_metadata=_metadata(core) if offered else None,
            )
        )


def _metadata(text: str | None) -> bool | dict[str, str]:
    algorithm, _, digest = (text or "").partition("=")
    return {algorithm.lower(): digest} if digest else (text or "true").lower() != "false"
