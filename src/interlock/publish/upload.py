"""Uploading one file (the legacy upload API: one multipart POST), and what became of it."""

from __future__ import annotations

import re
from typing import Literal

import anyio
import httpx
import msgspec

from interlock.core.sources.logins import redact
from interlock.index.retry import PASSING, RetryPolicy, pause_before, retry_after
from interlock.publish.distribution import Distribution
from interlock.publish.failures import UploadRedirected, UploadRefused, UploadUnauthorized, UploadUnreachable
from interlock.publish.form import form_fields

__all__ = ["Login", "Uploader", "basic_auth"]

_EXISTS = re.compile(r"already (exists|been uploaded|taken)|file name has already|duplicate|overwrit", re.IGNORECASE)
_SHOWN = 300


class Login(msgspec.Struct, frozen=True):
    """Who uploads; a token is the password of ``__token__``."""

    user: str
    password: str
    origin: str = ""
    """Where it was found, for messages."""

    def __repr__(self) -> str:
        return f"<Login {self.user!r}>"


def basic_auth(login: Login | None) -> httpx.Auth:
    return httpx.BasicAuth(login.user, login.password) if login is not None else httpx.Auth()


class Uploader:
    """Uploads to one address."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, login: Login | None, retry: RetryPolicy) -> None:
        self._client = client
        self._url = url
        self._login = login
        self._retry = retry

    def __repr__(self) -> str:
        return f"<Uploader to {redact(self._url)}>"

    async def upload(self, distribution: Distribution, attestations: str = "") -> Literal["uploaded", "exists"]:
        """Send a file; ``exists`` when the index says that it has one of that name.

        Only what certainly did not arrive is sent again here: a refused connection, or a status that says so.
        """
        attempt, waited = 0, 0.0
        while True:
            try:
                response = await self._send(distribution, attestations)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                asked, reason = None, f"no connection ({error})"
            except httpx.HTTPError as error:
                raise self._unreachable(distribution, str(error) or type(error).__name__) from error
            else:
                if response.status_code not in PASSING:
                    return self._outcome(distribution, response)
                asked, reason = retry_after(response.headers), f"it answered HTTP {response.status_code}"
            attempt += 1
            pause = pause_before(self._retry, attempt, waited, asked)
            if pause is None:
                raise self._unreachable(distribution, reason)
            waited += pause
            await anyio.sleep(pause)

    async def probe(self) -> None:
        """Ask whether we may upload at all, with a form that no index can take because everything is missing from it.

        What it answers about the form says nothing; raises :class:`UploadUnauthorized` when it does not know us or does
        not let us, :class:`UploadRedirected` when uploads are sent elsewhere.
        """
        fields = {":action": "file_upload", "protocol_version": "1"}
        try:
            response = await self._client.post(self._url, data=fields, auth=basic_auth(self._login))
        except httpx.HTTPError:
            return  # the first upload will tell
        self._refuse_strangers("files", response)

    async def _send(self, distribution: Distribution, attestations: str) -> httpx.Response:
        content = await anyio.Path(distribution.path).read_bytes()
        return await self._client.post(
            self._url,
            data=form_fields(distribution, attestations),
            files={"content": (distribution.filename, content, "application/octet-stream")},
            auth=basic_auth(self._login),
        )

    def _unreachable(self, distribution: Distribution, reason: str) -> UploadUnreachable:
        return UploadUnreachable(
            f"{distribution.filename} could not be uploaded to {redact(self._url)}: {reason}.",
            hint="Run the same command again: what is there already is not sent twice.",
            facts={"file": distribution.filename, "url": redact(self._url), "reason": reason},
        )

    def _outcome(self, distribution: Distribution, response: httpx.Response) -> Literal["uploaded", "exists"]:
        status, name = response.status_code, distribution.filename
        if response.is_success:
            return "uploaded"
        text = _answer(response)
        if status == 409 or (status in {400, 403} and _EXISTS.search(text)):
            return "exists"
        self._refuse_strangers(name, response)
        raise UploadRefused(
            f"{redact(self._url)} does not take {name} (HTTP {status}): {text[:_SHOWN].strip()}",
            facts=self._facts(name, response),
        )

    def _refuse_strangers(self, what: str, response: httpx.Response) -> None:
        status, where = response.status_code, redact(self._url)
        if response.is_redirect:
            target = redact(response.headers.get("location", ""))
            raise UploadRedirected(
                f"{where} redirects uploads to {target or 'another address'}.",
                hint="Use the address it leads to as the publish URL; a missing slash at the end is the usual reason.",
                facts=self._facts(what, response),
            )
        if status in {401, 403}:
            origin = self._login.origin if self._login is not None else ""
            sent = f"the credentials from {origin}" if origin else "an upload without credentials"
            raise UploadUnauthorized(
                f"{where} refuses {sent} for {what} (HTTP {status}): {_answer(response)[:_SHOWN].strip()}",
                hint="Give a token with --token or INTERLOCK_PUBLISH_TOKEN, or a user and password.",
                facts=self._facts(what, response),
            )

    def _facts(self, what: str, response: httpx.Response) -> dict[str, object]:
        return {
            "file": what,
            "url": redact(self._url),
            "status": response.status_code,
            "answer": _answer(response)[:_SHOWN],
        }


def _answer(response: httpx.Response) -> str:
    return " ".join((response.reason_phrase, _plain(response.text)))


def _plain(text: str) -> str:
    """An error page without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())
