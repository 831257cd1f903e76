"""What an index already has: the files of a project with their hashes, asked each time anew."""

from __future__ import annotations

import hashlib
from typing import Literal

import anyio
import httpx
import msgspec

from interlock.core.names import NormalizedName
from interlock.core.sources.logins import redact
from interlock.index.page_file import PageFile
from interlock.index.page_text import ACCEPT, parse_page
from interlock.index.urls import join
from interlock.publish.distribution import Distribution
from interlock.publish.failures import NotVisible, UploadUnauthorized, UploadUnreachable
from interlock.publish.upload import Login, basic_auth

__all__ = ["Presence", "ShownProject"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_ATTEMPTS = 4


class ShownProject(msgspec.Struct, frozen=True):
    """A project as the index shows it."""

    files: dict[str, PageFile] = {}
    """By name; empty when the index does not know the project."""
    status: str = ""
    """``archived``, ``quarantined`` and the like (PEP 792); empty when the index says nothing."""


class Presence:
    """Asks one index's simple API, never a cache."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, login: Login | None) -> None:
        self._client = client
        self._url = url.rstrip("/") + "/"
        self._login = login

    def __repr__(self) -> str:
        return f"<Presence at {redact(self._url)}>"

    async def project(self, name: NormalizedName) -> ShownProject:
        url = f"{self._url}{name}/"
        response = await self._get(url, {"accept": ACCEPT, "cache-control": "no-cache"})
        if response.status_code == 404:
            return ShownProject()
        page = parse_page(response.content, response.headers.get("content-type", ""), str(response.url))
        base = join(str(response.url), page.base) if page.base else str(response.url)
        found = {}
        for file in page.files:
            file.url = join(base, file.url)
            found[file.filename] = file
        return ShownProject(found, page.status)

    async def compare(
        self, distribution: Distribution, files: dict[str, PageFile]
    ) -> Literal["absent", "same", "other"]:
        """Whether the index has this very file; where it shows no hash of ours, the file is fetched to see."""
        file = files.get(distribution.filename)
        if file is None:
            return "absent"
        for algorithm, own in (("sha256", distribution.sha256), ("md5", distribution.md5)):
            if algorithm in file.hashes:
                return "same" if file.hashes[algorithm].lower() == own else "other"
        response = await self._get(file.url.partition("#")[0], {})
        return "same" if hashlib.sha256(response.content).hexdigest() == distribution.sha256 else "other"

    async def wait(self, distribution: Distribution, seconds: float) -> None:
        """Wait until the index shows a file that was uploaded; raises :class:`NotVisible`."""
        pause = _FIRST_PAUSE
        with anyio.move_on_after(seconds):
            while distribution.filename not in (await self.project(distribution.name)).files:
                await anyio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
            return
        raise NotVisible(
            f"{distribution.filename} is uploaded, but {redact(self._url)} does not show it after {seconds:g} seconds.",
            hint="Run the same command again with --resume later; what is there already is not sent twice.",
            facts={"file": distribution.filename, "seconds": seconds},
        )

    async def _get(self, url: str, headers: dict[str, str]) -> httpx.Response:
        auth = basic_auth(self._login)
        reason = ""
        for attempt in range(_ATTEMPTS):
            try:
                response = await self._client.get(url, headers=headers, auth=auth, follow_redirects=True)
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
            else:
                if response.status_code in {401, 403}:
                    raise UploadUnauthorized(
                        f"The index does not let us look at {redact(url)} (HTTP {response.status_code}).",
                        hint="Give credentials, or leave the index out with an empty --check-url.",
                    )
                if response.is_success or response.status_code == 404:
                    return response
                reason = f"HTTP {response.status_code}"
            await anyio.sleep(0.1 * 3**attempt)
        raise UploadUnreachable(
            f"What the index has could not be looked up at {redact(url)}: {reason}.",
            facts={"url": redact(url), "reason": reason},
        )
