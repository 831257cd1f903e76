"""The configuration of a service: what its file says, checked. Without a file it serves PyPI alone, to every token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network

import msgspec

from interlock.service.server.limits import Limits
from interlock.service.state.retention import Retention
from interlock.service.state.tokens import Token

__all__ = ["PYPI", "Configuration", "ConfiguredToken", "Login", "ServedIndex", "Tls", "may_use", "served_pypi"]


class Login(msgspec.Struct, frozen=True):
    """What an upstream asks for. It never leaves this process but to that upstream."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "<Login>"


class ServedIndex(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """As it stands in addresses, ``/simple/{name}/``, and in locks."""
    url: str = ""
    """The simple API that it is fetched from, without a login; empty for PyPI, whose address the index room knows."""
    login: Login | None = None
    tokens: tuple[str, ...] | None = None
    """Patterns of names of the tokens that may use it; None: all may."""
    reserved: tuple[str, ...] = ()
    """Patterns of normalised names of packages that come from this index and are asked for nowhere else."""
    includes: tuple[str, ...] = ()
    """Names of indexes that it consists of, in their order, in place of a URL."""
    uploads: bool = False
    """Whether packages are uploaded to it: those with reserved names, or all where it has no URL and reserves none."""

    @property
    def is_upstream(self) -> bool:
        """Whether it is one index elsewhere, not several together or one of this service's own."""
        return not self.includes and bool(self.url or not self.uploads)

    def reserves(self, package: str) -> bool:
        return any(fnmatchcase(package, pattern) for pattern in self.reserved)


PYPI = ServedIndex(name="pypi")


def served_pypi(url: str) -> ServedIndex:
    """PyPI, where a machine has another address for it than everybody."""
    return msgspec.structs.replace(PYPI, url=url)


class ConfiguredToken(msgspec.Struct, frozen=True):
    """A token that the file names by its digest."""

    token: Token
    digest: bytes

    def __repr__(self) -> str:
        return f"<ConfiguredToken {self.token.name}>"


class Tls(msgspec.Struct, frozen=True):
    """Paths of files in PEM."""

    certificate: str
    key: str


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    indexes: tuple[ServedIndex, ...] = (PYPI,)
    tokens: tuple[ConfiguredToken, ...] = ()
    limits: Limits = Limits()
    retention: Retention = Retention()
    tls: Tls | None = None
    file_hosts: tuple[str, ...] = ()
    """``https://HOST`` of further places that files of indexes may be at although they are private."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks whose ``X-Forwarded-*`` headers are believed."""

    def indexes_of(self, token: Token) -> Mapping[str, ServedIndex]:
        """What a token may use, by name. What it may not does not exist for it."""
        return {index.name: index for index in self.indexes if may_use(token, index)}

    def reserving(self, package: str) -> Iterable[ServedIndex]:
        """The indexes that a package is reserved for."""
        return [index for index in self.indexes if index.reserves(package)]


def may_use(token: Token, index: ServedIndex) -> bool:
    named = index.tokens is None or any(fnmatchcase(token.name, pattern) for pattern in index.tokens)
    return named and (token.indexes is None or index.name in token.indexes)
