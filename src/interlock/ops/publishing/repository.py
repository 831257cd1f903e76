"""Where files are published to: an address for uploads, and the index that shows what arrived."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import msgspec

from interlock.core.settings.variables import Variables
from interlock.core.sources.addresses import address_problem, parts_of
from interlock.core.sources.logins import take_login
from interlock.errors import UsageError
from interlock.index.defaults import default_index_url
from interlock.means import Means
from interlock.ops.publishing.report import PublishRequest
from interlock.publish.failures import PublisherMissing

__all__ = ["Repository", "UnknownRepository", "find_repository"]


class UnknownRepository(UsageError):
    """No place of that name takes files."""

    code = "unknown-repository"


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    upload_url: str
    """Without credentials."""
    index_url: str
    """Its simple API; empty when it is not known."""
    login: tuple[str, str] | None = None
    """Credentials from one of the addresses, or configured for its name."""
    public: bool = False
    """Whether it is PyPI."""


def find_repository(means: Means, request: PublishRequest) -> Repository:
    """What the flags, ``INTERLOCK_PUBLISH_URL`` and the configured indexes say; PyPI when nothing does.

    Raises :class:`UnknownRepository`, and :class:`PublisherMissing` when PyPI's upload address is not known here.
    """
    settings, variables = means.settings, Variables(means.environ)
    check = request.check_url if request.check_url is not None else variables.text("PUBLISH_CHECK_URL")
    named = request.repository or variables.text("PUBLISH_REPOSITORY") or ""
    url = request.publish_url or ("" if request.repository else variables.text("PUBLISH_URL") or "")
    name = named
    index_url = ""
    if named:
        index = next((index for index in settings.resolving.indexes if index.name == named), None)
        if index is None and named != "pypi" and not url:
            known = sorted(index.name for index in settings.resolving.indexes if index.publish_url)
            raise UnknownRepository(
                f"There is no index called `{named}`.",
                hint=f"With a publish-url: {', '.join(known)}." if known else "Define it in [[tool.interlock.index]].",
            )
        if index is not None:
            index_url = index.url
            if not url and not index.publish_url and index.url:
                raise UnknownRepository(
                    f"The index `{named}` has no `publish-url`.",
                    hint="Add one in [[tool.interlock.index]], or use --publish-url.",
                )
            url = url or index.publish_url
    public = not url
    if public:
        name, url, index_url = "pypi", _public_upload_url(), index_url or default_index_url()
    upload_url, login = take_login(url)
    problem = address_problem(upload_url)
    host = "" if problem else parts_of(upload_url).hostname or ""
    if not host:
        why = f": {problem}" if problem else ""
        raise UnknownRepository(f"`{upload_url}` is not an address that files can be uploaded to{why}.")
    return Repository(
        name=name or host,
        upload_url=upload_url,
        index_url=index_url if check is None else check,
        login=login or settings.credentials.get(name),
        public=public,
    )


def _public_upload_url() -> str:
    """twine knows it, so that it is written nowhere in this project."""
    if find_spec("twine") is None:
        raise PublisherMissing(
            "The upload address of PyPI is not known: the package `twine`, which has it, is not installed.",
            hint="Install Interlock with its extra `interlock[publish]`, or give --publish-url.",
        )
    url: str = import_module("twine.utils").DEFAULT_REPOSITORY
    return url
