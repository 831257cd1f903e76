"""Git URLs: reading what people write, and deciding when two of them are the same repository (PEP 508, PEP 610)."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, unquote, urlunsplit

import msgspec

from interlock.core.sources.addresses import parts_of
from interlock.errors import ManifestError

__all__ = ["GitUrl", "InvalidGitUrl", "canonical_git_url", "parse_git_url", "redact_url"]

_SCP = re.compile(r"(?:(?P<user>[^@/\s:]+)@)?(?P<host>[A-Za-z0-9][\w.-]+):(?P<path>(?!//)[^\s]+)")
_SCHEMES = frozenset({"https", "http", "ssh", "git", "file"})
_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
_SECRET = re.compile(r"(?<=://)[^/?#\s@:]*+:[^/?#\s]*@|(?<=https://)[^/?#\s]+@|(?<=http://)[^/?#\s]+@")
"""To the last ``@`` before the path, since a password may be written with one."""


class InvalidGitUrl(ManifestError):
    code = "invalid-git-url"


class GitUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A reference to a git repository, taken apart."""

    url: str
    """For git itself: no ``git+`` prefix, reference or fragment; credentials are still in it."""
    revision: str = ""
    """Branch, tag or commit, as written after ``@``; empty for the default branch."""
    subdirectory: str = ""
    egg: str = ""
    """The name of the project, in the old way of writing it."""


def parse_git_url(text: str) -> GitUrl:
    """Read ``git+https://host/org/repo@revision#subdirectory=x&egg=y``, or without ``git+``, or ``git@host:org/repo``.

    Raises :class:`InvalidGitUrl`.
    """
    stripped, _, fragment = text.strip().partition("#")
    stripped = stripped.removeprefix("git+")
    scheme, separator, _ = stripped.partition("://")
    if separator and scheme.lower() not in _SCHEMES:
        raise InvalidGitUrl(
            f"`{redact_url(text)}` is not a git URL: `{scheme}` is none of {', '.join(sorted(_SCHEMES))}."
        )
    url, revision = _split_revision(stripped, has_scheme=bool(separator))
    if (
        not url
        or url.startswith("-")
        or "::" in url.partition("/")[0]
        or any(character.isspace() or character < " " for character in url)
    ):
        raise InvalidGitUrl(f"`{redact_url(text)}` is not a git URL.")
    if revision.startswith("-"):
        raise InvalidGitUrl(f"`{revision}` cannot be a git revision.")
    options = parse_qs(fragment) if fragment else {}
    return GitUrl(
        url=url,
        revision=revision,
        subdirectory=_subdirectory(options.get("subdirectory", [""])[-1], text),
        egg=options.get("egg", [""])[-1].partition("[")[0],
    )


def _split_revision(text: str, *, has_scheme: bool) -> tuple[str, str]:
    """Take ``@revision`` off; the ``@`` of credentials and of ``git@host`` stands before the path."""
    if has_scheme:
        scheme, _, rest = text.partition("://")
        host, slash, path = rest.partition("/")
        head = f"{scheme}://{host}{slash}"
    elif scp := _SCP.fullmatch(text):
        path = scp["path"]
        head = text[: -len(path)]
    else:
        head, path = "", text
    if ".git@" in path:
        # Then the revision may hold an "@" of its own, as tags of monorepos do: repo.git@pkg@1.0
        path, _, revision = path.partition(".git@")
        path += ".git"
    elif "@" in path:
        path, _, revision = path.rpartition("@")
    else:
        revision = ""
    return head + path, unquote(revision)


def _subdirectory(text: str, shown: str) -> str:
    parts = [part for part in text.replace("\\", "/").split("/") if part not in {"", "."}]
    if ".." in parts or text.startswith("/"):
        raise InvalidGitUrl(f"The subdirectory of `{redact_url(shown)}` leads out of the repository.")
    return "/".join(parts)


def canonical_git_url(url: str) -> str:
    """A form that is equal for URLs of the same repository, without credentials; for comparing, not for fetching.

    Scheme and host are lower case, default ports, ``.git``, trailing slashes and the user of ssh are dropped, and
    ``git@host:path`` is the same as ``ssh://git@host/path``.

    >>> canonical_git_url("git@Example.org:Org/Repo.git")
    'ssh://example.org/Org/Repo'
    """
    text = url.strip().removeprefix("git+")
    if "://" not in text:
        scp = _SCP.fullmatch(text)
        if scp is None or (len(scp["host"]) == 1 and not scp["user"]):
            return _trim(text)
        return f"ssh://{scp['host'].lower()}/{_trim(scp['path'].lstrip('/'))}"
    try:
        parts = parts_of(text)
        _ = parts.hostname
    except ValueError as error:
        raise InvalidGitUrl(f"`{redact_url(url)}` is not a git URL: {error}.") from error
    scheme = parts.scheme.lower()
    if scheme == "file":
        return _trim(unquote(parts.path))
    host = (parts.hostname or "").lower()
    try:
        port = parts.port
    except ValueError as error:
        raise InvalidGitUrl(f"`{redact_url(url)}` is not a git URL: {error}.") from error
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _PORTS.get(scheme):
        host = f"{host}:{port}"
    return urlunsplit((scheme, host, quote(unquote(_trim(parts.path)), safe="/~+@:!$&'()*,;="), "", ""))


def _trim(path: str) -> str:
    return path.rstrip("/").removesuffix(".git").rstrip("/")


def redact_url(text: str) -> str:
    """The text with the credentials of every URL in it hidden; a bare user of ssh (``git@``) is no secret."""
    return _SECRET.sub("****@", text)
