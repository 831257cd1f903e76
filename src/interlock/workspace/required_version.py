"""The Interlock that a workspace requires, judged before anything else in its manifests.

A newer Interlock may know keys that this one does not, so a manifest that cannot be used is looked at for
``required-version`` alone before its problems are told.
"""

from __future__ import annotations

from interlock import __version__
from interlock.errors import ManifestError

__all__ = ["WrongInterlock", "check_required_version", "check_unreadable"]


class WrongInterlock(ManifestError):
    """The workspace asks for another version of Interlock than this one."""

    code = "required-version"

    def __init__(self, file: str, required: str) -> None:
        super().__init__(
            f"{file}: `required-version` of [tool.interlock] is `{required}`, and this is Interlock {__version__}.",
            hint="Install an Interlock that is in that range, or widen it.",
            facts={"file": file, "required": required, "version": __version__},
        )


def check_required_version(required: str, file: str = "pyproject.toml") -> None:
    """Raise :class:`WrongInterlock` when this version is not in the range; an empty text admits any."""
    if not required:
        return
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - few workspaces say, and the others should not wait

    if not SpecifierSet(required).contains(__version__, prereleases=True):
        raise WrongInterlock(file, required)


def check_unreadable(data: bytes, file: str = "pyproject.toml") -> None:
    """The same for the bytes of a manifest that could not be parsed; silent when not even this key can be read."""
    import tomllib  # noqa: PLC0415 - as above

    from packaging.specifiers import InvalidSpecifier  # noqa: PLC0415

    try:
        table = tomllib.loads(data.decode("utf-8-sig"))["tool"]["interlock"]["required-version"]
        check_required_version(table if isinstance(table, str) else "", file)
    except (ValueError, LookupError, TypeError, InvalidSpecifier):
        return
