"""What can go wrong with an index, as errors people see. Every URL in them is redacted."""

from __future__ import annotations

from interlock.core.settings.limits import how_to_raise
from interlock.core.sources.addresses import parts_of
from interlock.errors import IndexFailure, IntegrityError

__all__ = [
    "BadPage",
    "BadStatus",
    "FileMissing",
    "HostResting",
    "NotAFile",
    "Offline",
    "SizeMismatch",
    "TooLarge",
    "Unauthorized",
    "UnknownIndex",
    "Unreachable",
    "UnsupportedApi",
]


def _at(index: str, url: str) -> str:
    try:
        host = parts_of(url).netloc
    except ValueError:
        host = ""
    where = f"host {host}" if host else url
    return f"index `{index}` ({where})" if index else where


class Unreachable(IndexFailure):
    """No answer, or only a part of one."""

    code = "unreachable"

    def __init__(self, url: str, reason: str, *, index: str = "", attempts: int = 1) -> None:
        tries = f" after {attempts} attempts" if attempts > 1 else ""
        super().__init__(
            f"Cannot fetch {url} from {_at(index, url)}{tries}: {reason}.",
            hint="Check the network, the proxy settings and the index's URL; `--offline` uses only what is cached.",
            facts={"url": url, "index": index, "reason": reason, "attempts": attempts},
        )


class Unauthorized(IndexFailure):
    """The index wants other credentials, or any."""

    code = "unauthorized"

    def __init__(self, url: str, status: int, *, index: str = "", sent: bool = False) -> None:
        what = "refused the credentials it was given" if sent else "asks for credentials"
        name = (index or "<NAME>").upper().replace("-", "_").replace(".", "_")
        super().__init__(
            f"{_at(index, url).capitalize()} {what} for {url} (HTTP {status}).",
            hint=f"Set INTERLOCK_INDEX_{name}_USERNAME and INTERLOCK_INDEX_{name}_PASSWORD, or use netrc or a keyring.",
            facts={"url": url, "index": index, "status": status},
        )
        self.status = status


class BadStatus(IndexFailure):
    """The index answers with an error of its own. It may hold the package, so no other index is asked."""

    code = "bad-status"

    def __init__(
        self, url: str, status: int, *, index: str = "", attempts: int = 1, retry_after: float | None = None
    ) -> None:
        tries = f" after {attempts} attempts" if attempts > 1 else ""
        super().__init__(
            f"{_at(index, url).capitalize()} answered HTTP {status} for {url}{tries}.",
            hint="Other indexes are not asked instead: a package of the same name there may be another one.",
            facts={"url": url, "index": index, "status": status, "attempts": attempts},
        )
        self.status = status
        self.retry_after = retry_after
        """Seconds the index asked to wait."""


class HostResting(IndexFailure):
    """A host failed a moment ago, and is left alone."""

    code = "host-resting"

    def __init__(self, url: str, seconds: float, *, index: str = "") -> None:
        super().__init__(
            f"{url} was not asked for: {_at(index, url)} failed a moment ago, and is left alone for"
            f" {max(1, round(seconds))} s.",
            hint="Try again then.",
            facts={"url": url, "index": index, "retry-after": max(1, round(seconds))},
        )
        self.retry_after = seconds


class BadPage(IndexFailure):
    """A page is not one of the simple API."""

    code = "bad-page"

    def __init__(self, url: str, reason: str, *, index: str = "") -> None:
        super().__init__(
            f"The page {url} of {_at(index, url)} cannot be used: {reason}.",
            hint="Check that the index's URL is that of its simple API (it often ends in /simple/).",
            facts={"url": url, "index": index, "reason": reason},
        )


class UnsupportedApi(IndexFailure):
    """The index speaks a newer major version of the simple API."""

    code = "unsupported-index-api"

    def __init__(self, url: str, version: str, *, index: str = "") -> None:
        super().__init__(
            f"{_at(index, url).capitalize()} speaks version {version} of the simple API; Interlock reads 1.x.",
            hint="Upgrade Interlock.",
            facts={"url": url, "index": index, "version": version},
        )


class Offline(IndexFailure):
    """Something is needed that is not cached, and the network may not be used."""

    code = "offline"

    def __init__(self, what: str, *, index: str = "") -> None:
        super().__init__(
            f"{what} is not in the cache, and the network is not used (offline).",
            hint="Run the command once without `--offline`.",
            facts={"what": what, "index": index},
        )


class FileMissing(IndexFailure):
    """An index does not have a file (any more)."""

    code = "file-missing"

    def __init__(self, filename: str, *, index: str = "", url: str = "") -> None:
        where = f"at {url}" if url else f"on index `{index}`"
        super().__init__(
            f"There is no {filename} {where}.",
            hint="It may have been deleted, or this mirror may not have it yet.",
            facts={"filename": filename, "index": index, "url": url},
        )


class NotAFile(IndexFailure):
    """Something else is where a file should be: reading a pipe or a device might never end."""

    code = "not-a-regular-file"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} is no regular file.",
            hint="Name a wheel or a source archive.",
            facts={"path": str(path)},
        )


class TooLarge(IndexFailure):
    """An index sends more than any real one."""

    code = "too-large"

    def __init__(self, what: str, reason: str, limit: str, *, index: str = "") -> None:
        where = f" from index `{index}`" if index else ""
        super().__init__(
            f"{what}{where} is refused: {reason}.",
            hint=how_to_raise(limit),
            facts={"url": what, "index": index, "limit": limit.replace("_", "-")},
        )


class UnknownIndex(IndexFailure):
    """A package is pinned to an index that is not configured."""

    code = "unknown-index"

    def __init__(self, name: str, index: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"`{name}` comes from the index `{index}`, which is not configured.",
            hint=f"Configured indexes: {', '.join(known) or 'none'}.",
            facts={"name": name, "index": index, "known": list(known)},
        )


class SizeMismatch(IntegrityError):
    """A file is longer or shorter than promised."""

    code = "size-mismatch"

    def __init__(self, filename: str, expected: int, actual: int) -> None:
        super().__init__(
            f"{filename} has {actual} bytes where {expected} were promised.",
            hint="The file was changed after it was locked, or damaged on its way. Nothing of it has been used.",
            facts={"filename": filename, "expected": expected, "actual": actual},
        )
