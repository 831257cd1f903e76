"""Reading a service's configuration: TOML, with every problem named by file and line, and all of them at once."""

from __future__ import annotations

import os
import re
import ssl
import tomllib
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from interlock.core.manifests.problems import BrokenToml, InvalidManifest, Problems
from interlock.core.manifests.table import Table
from interlock.core.sources.addresses import address_problem
from interlock.core.sources.logins import take_login
from interlock.errors import ServiceError
from interlock.service.server.configuration import (
    PYPI,
    Configuration,
    ConfiguredToken,
    Login,
    ServedIndex,
    Tls,
    served_pypi,
)
from interlock.service.server.limits import Limits
from interlock.service.state.retention import Retention
from interlock.service.state.scopes import BadScope, Scope, parse_scopes
from interlock.service.state.tokens import Token

__all__ = ["BadConfiguration", "load_configuration", "parse_configuration"]

Numbers = TypeVar("Numbers", bound=msgspec.Struct)

_INDEX_KEYS = (
    "name", "url", "username", "password", "password-file", "tokens", "reserved", "includes", "uploads",
)  # fmt: skip
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_PATTERN = re.compile(r"[a-z0-9*?-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST = 1 << 50


class BadConfiguration(ServiceError):
    """The file cannot be used; a running service goes on with what it had."""

    code = "service-configuration"


def load_configuration(path: Path, pypi: str = "") -> Configuration:
    """Read a file, and the files with passwords that it names; ``pypi`` is where PyPI is from here.

    Raises :class:`BadConfiguration`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadConfiguration(f"{path} cannot be read: {reason}.", facts={"file": str(path)}) from error
    return parse_configuration(text, path, pypi)


def parse_configuration(text: str, path: Path, pypi: str = "") -> Configuration:
    """Relative paths in it are relative to the file.

    Raises :class:`BadConfiguration`.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        broken = BrokenToml(str(path), str(error))
        raise BadConfiguration(broken.message, facts=broken.facts) from error
    problems = Problems(str(path), text)
    top = Table(document, (), problems)
    found = _configuration(top, path.parent, pypi)
    try:
        problems.finish(strict=True)
    except InvalidManifest as error:
        raise BadConfiguration(error.message, facts=error.facts) from error
    return found


def _configuration(top: Table, folder: Path, pypi: str) -> Configuration:
    top.only(("index", "token", "limits", "retention", "tls", "trusted-proxies", "file-hosts"))
    tables = top.tables("index")
    indexes = tuple(index for table in tables if (index := _index(table, folder, pypi)) is not None)
    _check_includes(indexes, top)
    tokens = tuple(token for table in top.tables("token") if (token := _token(table)) is not None)
    for kind, names in (("index", [index.name for index in indexes]), ("token", [one.token.name for one in tokens])):
        for name in sorted({name for name in names if names.count(name) > 1}):
            top.problem(kind, f"has two entries named `{name}`.", near=name)
    known = {index.name for index in indexes or (PYPI,)}
    for token in tokens:
        for name in sorted((token.token.indexes or frozenset()) - known):
            top.problem("token", f"`{token.token.name}` names the index `{name}`, which is not here.", near=f'"{name}"')
    return Configuration(
        indexes=indexes or (served_pypi(pypi),),
        tokens=tokens,
        limits=_numbers(top, "limits", Limits()),
        retention=_numbers(top, "retention", Retention()),
        tls=_tls(top, folder),
        trusted_proxies=_networks(top),
        file_hosts=_hosts(top),
    )


def _index(table: Table, folder: Path, pypi: str) -> ServedIndex | None:
    table.only(_INDEX_KEYS)
    name = table.text("name") or ""
    if not _NAME.fullmatch(name):
        table.problem("name", "must be lower case letters, digits, `-`, `_` and `.`.", near=name)
        return None
    url, login = take_login(table.text("url") or "")
    if url and (address_problem(url) or not url.startswith(("https://", "http://"))):
        table.problem("url", "must be the address of a simple API, https://HOST/PATH/.", near=url)
    includes, uploads = table.texts("includes"), table.flag("uploads") or False
    if not url and name != PYPI.name and not includes and not uploads:
        table.problem("name", f"`{name}` has no `url`; only `{PYPI.name}` needs none.", near=name)
    if includes and (url or uploads):
        table.problem("includes", "stands beside `url` or `uploads`; an index is one or the other.", near=name)
    if url and uploads and not table.texts("reserved"):
        table.problem("uploads", "stands beside `url`, and no names are `reserved` for what is uploaded.", near=name)
    if name == PYPI.name and not url and not includes and not uploads:
        url = pypi
    if url and not url.endswith("/"):
        url += "/"
    given = _login(table, folder)
    return ServedIndex(
        name=name,
        url=url,
        login=given or (Login(*login) if login is not None else None),
        tokens=table.texts("tokens") if "tokens" in table else None,
        reserved=_patterns(table),
        includes=includes,
        uploads=uploads,
    )


def _check_includes(indexes: tuple[ServedIndex, ...], top: Table) -> None:
    plain = {index.name for index in indexes if not index.includes and not index.uploads}
    for index in indexes:
        for name in index.includes:
            if name not in plain:
                message = f"`{index.name}` includes `{name}`, which is no index with a URL here."
                top.problem("index", message, near=f'"{name}"')


def _login(table: Table, folder: Path) -> Login | None:
    password = table.text("password")
    file = table.text("password-file")
    if password is not None and file is not None:
        table.problem("password-file", "stands beside `password`.")
    if file is not None:
        try:
            password = (folder / file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            table.problem("password-file", f"is `{file}`, which cannot be read.", near=file)
            return None
    username = table.text("username")
    if password is None and username is None:
        return None
    return Login(username or "__token__", password or "")


def _patterns(table: Table) -> tuple[str, ...]:
    found = []
    for text in table.texts("reserved"):
        pattern = re.sub(r"[-_.]+", "-", text).lower()
        if not _PATTERN.fullmatch(pattern):
            table.problem("reserved", f"has `{text}`, which is not a pattern of names like `acme-*`.", near=text)
            continue
        found.append(pattern)
    return tuple(found)


def _token(table: Table) -> ConfiguredToken | None:
    table.only(("name", "sha256", "scopes", "indexes", "expires"))
    name, digest = table.text("name") or "", table.text("sha256") or ""
    if not name:
        table.problem("name", "is missing.")
    if not _SHA256.fullmatch(digest):
        table.problem("sha256", "must be the SHA-256 of the token, 64 lower case hexadecimal digits.", near=name)
        return None
    indexes = frozenset(table.texts("indexes")) if "indexes" in table else None
    token = Token(id=digest[:8], name=name, scopes=_scopes(table), indexes=indexes, expires=_expiry(table))
    return ConfiguredToken(token, bytes.fromhex(digest))


def _scopes(table: Table) -> frozenset[Scope]:
    try:
        return parse_scopes(table.texts("scopes"))
    except BadScope as error:
        table.problem("scopes", f"cannot be used: {error.message}")
        return frozenset()


def _expiry(table: Table) -> int | None:
    value: Any = table.values.get("expires")
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        table.problem("expires", "must be a date or a time, 2027-01-01.")
        return None
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())


def _numbers(top: Table, key: str, usual: Numbers) -> Numbers:
    """A table of whole numbers, each a field of a struct."""
    table = top.table(key)
    if table is None:
        return usual
    names = {field.replace("_", "-"): field for field in usual.__struct_fields__}
    table.only(names)
    given: dict[str, int] = {}
    for name, field in names.items():
        value = table.values.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MOST:
            table.problem(name, "must be a whole number from 1 on.")
            continue
        given[field] = value
    return msgspec.structs.replace(usual, **given)


def _tls(top: Table, folder: Path) -> Tls | None:
    table = top.table("tls")
    if table is None:
        return None
    table.only(("certificate", "key"))
    places = []
    for key in ("certificate", "key"):
        text = table.text(key)
        if text is None:
            table.problem(key, "is missing.")
        elif not (folder / text).is_file():
            table.problem(key, f"is `{text}`, which is not a file.", near=text)
        places.append(str(folder / (text or "")))
    if all(map(os.path.isfile, places)):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*places)
        except OSError as error:
            reason = getattr(error, "reason", "") or error.strerror or "no certificate with its key"
            table.problem("certificate", f"cannot be used with `key`: {str(reason).replace('_', ' ').lower()}.")
    return Tls(*places)


def _hosts(top: Table) -> tuple[str, ...]:
    found = []
    for text in top.texts("file-hosts"):
        if address_problem(text) or not text.startswith(("https://", "http://")):
            top.problem("file-hosts", f"has `{text}`, which is not like https://files.test.", near=text)
        found.append(text)
    return tuple(found)


def _networks(top: Table) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for text in top.texts("trusted-proxies"):
        try:
            found.append(ip_network(text))
        except ValueError:
            top.problem("trusted-proxies", f"has `{text}`, which is not a network like 10.0.0.0/8.", near=text)
    return tuple(found)
