"""Logins by the name of an index or the address of a service: in the keyring when one is used and it is an index, else
in a file that only its owner may read."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.configuration import forget_login, read_logins, store_login
from interlock.core.manifests.problems import suggest
from interlock.core.settings.service import service_problem
from interlock.core.sources.source import Index
from interlock.toolchain.keyring import OpenKeyring, open_keyring
from interlock.workspace.here import workspace_or_none

__all__ = ["drop_login", "find_login", "is_service", "keep_login"]


def is_service(name: str) -> bool:
    """Whether what somebody logs in to is the address of a service, not the name of an index."""
    return "://" in name and not service_problem(name)


def keep_login(call: Call, name: str, user: str, password: str) -> None:
    """Store a login and say where. A keyring files it under the index's URL, so it has to know the index."""
    if is_service(name):
        path = store_login(call.context.means.environ, name.rstrip("/"), user, password)
        call.terminal.say(f"Stored the token for {name} in {path}.")
        return
    keyring, url, known = _keyring(call, name)
    if not url:
        call.terminal.warn(
            f"There is no index `{name}` here; the login counts once there is one.{suggest(name, known)}"
        )
    if keyring is not None and url:
        keyring.store(url, user, password)
        # The keyring is asked for a name and a password, and not every one knows names: this says which to ask for.
        path = store_login(call.context.means.environ, name, user, "")
        call.terminal.say(f"Stored the login for {name} in the keyring, and its user name in {path}.")
        return
    path = store_login(call.context.means.environ, name, user, password)
    call.terminal.say(f"Stored the login for {name} in {path}.")


def drop_login(call: Call, name: str) -> bool:
    """False when there was none."""
    if is_service(name):
        return forget_login(call.context.means.environ, name.rstrip("/"))
    keyring, url, _ = _keyring(call, name)
    user = read_logins(call.context.means.environ).get(name, ("", ""))[0]
    gone = keyring is not None and bool(url) and keyring.forget(url, user)
    return forget_login(call.context.means.environ, name) or gone


def find_login(call: Call, name: str) -> tuple[str, str] | None:
    """User name and password."""
    keyring, url, _ = _keyring(call, name)
    login = read_logins(call.context.means.environ).get(name.rstrip("/") if is_service(name) else name)
    if login is not None and login[1]:
        return login
    return keyring(url, login[0] if login is not None else "") if keyring is not None and url else None


def _keyring(call: Call, name: str) -> tuple[OpenKeyring | None, str, list[str]]:
    """The keyring, the URL of the index and the names of all indexes."""
    workspace = workspace_or_none(call.context.place.start, call.context.means.layout)
    context = call.context if workspace is None else call.context.within(workspace.settings)
    indexes: tuple[Index, ...] = context.means.settings.resolving.indexes
    url = next((index.url for index in indexes if index.name == name), "")
    keyring = open_keyring(context.means.settings.keyring_provider, context.means.environ)
    return keyring, url, [index.name for index in indexes]
