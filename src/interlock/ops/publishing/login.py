"""Who publishes: credentials from flags, variables, the index's name, the CI, netrc or a keyring, in this order."""

from __future__ import annotations

import netrc
from contextlib import suppress
from urllib.parse import urlsplit

import anyio.to_thread
import httpx

from interlock.core.variables import Variables
from interlock.errors import UsageError
from interlock.ops.publishing.report import PublishRequest
from interlock.ops.publishing.repository import Repository
from interlock.publish.trusted import trusted_login
from interlock.publish.upload import Login
from interlock.workspace.context import Context
from interlock.workspace.keyring import open_keyring

__all__ = ["ConflictingLogin", "find_login"]

_TOKEN = "__token__"  # noqa: S105 - the user name that goes with a token
_CI = ("GITHUB_ACTIONS", "GITLAB_CI", "ACTIONS_ID_TOKEN_REQUEST_URL", "BUILDKITE", "CIRCLECI", "GOOGLE_CLOUD_PROJECT")


class ConflictingLogin(UsageError):
    """A token and a user were both given."""

    code = "conflicting-login"


async def find_login(
    context: Context, request: PublishRequest, repository: Repository, client: httpx.AsyncClient
) -> Login | None:
    """None: upload without credentials, as an index on one's own machine may allow."""
    said = _said(context, request)
    if said is not None and said.password:
        return said
    if repository.login is not None and said is None and request.trusted != "always":
        return Login(*repository.login, f"the configuration of `{repository.name}`")
    if said is None and request.trusted != "never":
        may = request.trusted == "always" or any(context.environ.get(name) for name in _CI)
        trusted = (
            await trusted_login(client, repository.upload_url, required=request.trusted == "always") if may else None
        )
        if trusted is not None:
            return trusted
    user = said.user if said is not None else ""
    return await anyio.to_thread.run_sync(lambda: _stored(context, repository, user)) or said


def _said(context: Context, request: PublishRequest) -> Login | None:
    if request.token and (request.user or request.password):
        raise ConflictingLogin("--token excludes --username and --password.")
    if request.token:
        return Login(_TOKEN, request.token, "--token")
    if request.user or request.password:
        variables = Variables(context.environ)
        password = request.password or variables.text("PUBLISH_PASSWORD") or ""
        return Login(request.user or _TOKEN, password, "the command line")
    variables = Variables(context.environ)
    token = variables.text("PUBLISH_TOKEN")
    if token:
        return Login(_TOKEN, token, "INTERLOCK_PUBLISH_TOKEN")
    user, password = variables.text("PUBLISH_USERNAME") or "", variables.text("PUBLISH_PASSWORD") or ""
    if user or password:
        return Login(user or _TOKEN, password, "INTERLOCK_PUBLISH_USERNAME and INTERLOCK_PUBLISH_PASSWORD")
    return None


def _stored(context: Context, repository: Repository, user: str) -> Login | None:
    settings = context.settings
    with suppress(OSError, netrc.NetrcParseError, KeyError):
        found = (
            netrc.netrc(settings.netrc).hosts[urlsplit(repository.upload_url).hostname or ""]
            if settings.netrc
            else None
        )
        if found is not None and user in {"", found[0]}:
            return Login(found[0], found[2], "netrc")
    keyring = open_keyring(settings.keyring_provider, context.environ)
    stored = keyring(repository.upload_url, user) if keyring is not None else None
    return Login(stored[0] or _TOKEN, stored[1], "the keyring") if stored is not None else None
