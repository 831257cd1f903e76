"""Trusted publishing: a short-lived token for an identity that the CI vouches for (OIDC), without any secret.

The index says for whom the identity has to be (``/_/oidc/audience``) and mints the token (``/_/oidc/mint-token``).
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from urllib.parse import urlunsplit

import anyio.to_thread
import httpx
import msgspec

from interlock.core.sources.addresses import parts_of
from interlock.core.sources.logins import redact
from interlock.publish.failures import PublisherMissing, TrustRefused
from interlock.publish.upload import Login

__all__ = ["trusted_login"]


class _Audience(msgspec.Struct):
    audience: str


class _Problem(msgspec.Struct):
    description: str = ""


class _Minted(msgspec.Struct):
    token: str = ""
    errors: list[_Problem] = []
    message: str = ""


async def trusted_login(client: httpx.AsyncClient, url: str, *, required: bool) -> Login | None:
    """A token for uploads to ``url``; None when this is no CI that can vouch for us and it is not ``required``.

    Raises :class:`TrustRefused`, and :class:`PublisherMissing` without the ``id`` package.
    """
    if find_spec("id") is None:
        if not required:
            return None
        raise PublisherMissing(
            "Trusted publishing needs the package `id`, which is not installed.",
            hint="Install Interlock with its extra: `interlock[publish]`.",
        )
    base = urlunsplit((*parts_of(url)[:2], "", "", ""))
    audience = await _audience(client, f"{base}/_/oidc/audience", required=required)
    if audience is None:
        return None
    identity = await _identity(audience, required=required)
    if identity is None:
        return None
    place = f"{base}/_/oidc/mint-token"
    try:
        response = await client.post(place, json={"token": identity})
        minted = msgspec.json.decode(response.content, type=_Minted)
    except (httpx.HTTPError, msgspec.MsgspecError) as error:
        raise TrustRefused(f"{redact(place)} gave no token: {error}.") from error
    if not response.is_success or not minted.token:
        reasons = "; ".join(problem.description for problem in minted.errors if problem.description) or minted.message
        raise TrustRefused(
            f"{redact(place)} gave no token (HTTP {response.status_code}): {reasons or 'no reason given'}",
            hint="Is this workflow registered as a trusted publisher of the project?",
        )
    return Login("__token__", minted.token, "trusted publishing")


async def _audience(client: httpx.AsyncClient, place: str, *, required: bool) -> str | None:
    try:
        response = await client.get(place)
        if response.is_success:
            return msgspec.json.decode(response.content, type=_Audience).audience
        reason = f"HTTP {response.status_code}"
    except (httpx.HTTPError, msgspec.MsgspecError) as error:
        reason = str(error)
    if not required:
        return None
    raise TrustRefused(f"The index offers no trusted publishing: {redact(place)}: {reason}.")


async def _identity(audience: str, *, required: bool) -> str | None:
    """What the CI says who we are; ``id`` knows how each of them is asked."""
    package = import_module("id")
    try:
        found: str | None = await anyio.to_thread.run_sync(package.detect_credential, audience)
    except package.IdentityError as error:
        if not required:
            return None
        raise TrustRefused(
            f"This CI does not vouch for us: {error}.", hint="Is the permission `id-token` given?"
        ) from error
    if found is None and required:
        raise TrustRefused(
            "Trusted publishing was asked for, and this is no CI that is known to vouch for anybody.",
            hint="Use a token, or run it in a workflow that may ask for an OIDC identity.",
        )
    return found
