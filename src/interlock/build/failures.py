"""What can go wrong in a build, as errors that carry their evidence."""

from __future__ import annotations

from interlock.errors import BuildError

__all__ = [
    "BackendFailed",
    "BackendUnavailable",
    "BuildCycle",
    "BuildTimeout",
    "HookMissing",
    "InvalidBuildResult",
    "InvalidBuildSystem",
    "InvalidSourceTree",
    "SubdirectoryMissing",
    "UnsafeArchive",
]


class BackendFailed(BuildError):
    """A hook raised, exited or died."""

    code = "backend-failed"


class BackendUnavailable(BuildError):
    """The backend cannot be imported, or its interpreter cannot be started."""

    code = "backend-unavailable"


class HookMissing(BuildError):
    """The backend does not have a hook that the task cannot do without."""

    code = "hook-missing"


class BuildTimeout(BuildError):
    code = "build-timeout"


class InvalidBuildResult(BuildError):
    """The backend answered, but not with what it was asked for."""

    code = "invalid-build-result"


class BuildCycle(BuildError):
    """A package is needed to build itself."""

    code = "build-cycle"


class InvalidBuildSystem(BuildError):
    """``[build-system]`` is not as PEP 517 and PEP 518 say."""

    code = "invalid-build-system"


class InvalidSourceTree(BuildError):
    """A folder that should be a project is not there or is not one."""

    code = "invalid-source-tree"


class UnsafeArchive(BuildError):
    """A source archive would write outside its folder, or is not a source archive at all."""

    code = "unsafe-archive"


class SubdirectoryMissing(BuildError):
    code = "subdirectory-missing"
