"""Who publishes: credentials from flags, variables, the index's name, the CI, netrc or a keyring, in this order."""

from __future__ import annotations

from collections.abc import Mapping

import anyio.to_thread
import httpx

from interlock.core.settings.variables import Variables
from interlock.errors import UsageError
from interlock.index.netrc import read_netrc
from interlock.means import Means
from interlock.ops.publishing.report import PublishRequest
from interlock.ops.publishing.repository import Repository
from interlock.publish.trusted import trusted_login
from interlock.publish.upload import Login
from interlock.toolchain.keyring import open_keyring

__all__ = ["ConflictingLogin", "find_login", "refuse_two_logins"]

_TOKEN = "__token__"  # noqa: S105 - the user name that goes with a token
_CI = ("GITHUB_ACTIONS", "GITLAB_CI", "ACTIONS_ID_TOKEN_REQUEST_URL", "BUILDKITE", "CIRCLECI", "GOOGLE_CLOUD_PROJECT")


class ConflictingLogin(UsageError):
    """A token and a user were both given."""

    code = "conflicting-login"


def refuse_two_logins(request: PublishRequest) -> None:
    """Raises :class:`ConflictingLogin`: what the flags say contradicts itself, whatever there is to publish."""
    if request.token and (request.user or request.password):
        raise ConflictingLogin("--token excludes --username and --password.", hint="Give one of the two.")


async def find_login(
    means: Means, request: PublishRequest, repository: Repository, client: httpx.AsyncClient
) -> Login | None:
    """None: upload without credentials, as an index on one's own machine may allow."""
    known = None
    if repository.login is not None and request.trusted != "always":
        known = Login(*repository.login, f"the configuration of `{repository.name}`")
    said = _said(means.environ, request, known.user if known is not None and not known.password else _TOKEN)
    if said is not None and said.password:
        return said
    if known is not None and known.password and (said is None or said.user == known.user):
        return known
    given = said or known
    if given is None and request.trusted != "never":
        may = request.trusted == "always" or any(means.environ.get(name) for name in _CI)
        trusted = (
            await trusted_login(client, repository.upload_url, required=request.trusted == "always") if may else None
        )
        if trusted is not None:
            return trusted
    user = given.user if given is not None else ""
    return await anyio.to_thread.run_sync(lambda: _stored(means, repository, user)) or given


def _said(environ: Mapping[str, str], request: PublishRequest, owner: str) -> Login | None:
    """What flags and variables say; ``owner`` is the user of a password without one."""
    if request.token:
        return Login(_TOKEN, request.token, "--token")
    if request.user or request.password:
        variables = Variables(environ)
        password = request.password or variables.text("PUBLISH_PASSWORD") or ""
        return Login(request.user or owner, password, "the command line")
    variables = Variables(environ)
    token = variables.text("PUBLISH_TOKEN")
    if token:
        return Login(_TOKEN, token, "INTERLOCK_PUBLISH_TOKEN")
    user, password = variables.text("PUBLISH_USERNAME") or "", variables.text("PUBLISH_PASSWORD") or ""
    if user or password:
        return Login(user or owner, password, "INTERLOCK_PUBLISH_USERNAME and INTERLOCK_PUBLISH_PASSWORD")
    return None


def _stored(means: Means, repository: Repository, user: str) -> Login | None:
    settings = means.settings
    hosts = read_netrc(settings.netrc)
    found = hosts.find(repository.upload_url, user)
    if found is not None:
        return Login(*found, "netrc")
    keyring = open_keyring(settings.keyring_provider, means.environ)
    stored = keyring(repository.upload_url, user) if keyring is not None else None
    if stored is not None:
        return Login(stored[0] or _TOKEN, stored[1], "the keyring")
    found = hosts.find_default(user)
    return Login(*found, "netrc") if found is not None else None
