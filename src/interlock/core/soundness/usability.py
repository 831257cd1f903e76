"""Whether a locked package can be used where it is needed: its files, the Pythons it supports, and yanks."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.core.artifacts.artifact import Artifact
from interlock.core.artifacts.tags import implied_marker
from interlock.core.lock.model import LockedPackage
from interlock.core.markers.diagram import FALSE, TRUE, Marker, any_of, evaluate, lower_bound_marker, without_extras
from interlock.core.markers.environment import STANDARD_ENVIRONMENTS
from interlock.core.soundness.evidence import Published
from interlock.core.soundness.finding import Kind
from interlock.core.sources.source import Registry

__all__ = ["unusable"]

Said = tuple[Kind, Marker, str]
"""Kind, where, and the rest of a sentence."""


def unusable(
    package: LockedPackage, published: Published, here: Marker, required: tuple[Marker, ...], *, pinned: bool
) -> Iterator[Said]:
    """What speaks against a package in the region that needs it; ``required`` are regions that must have a file."""
    if not isinstance(package.source, Registry):
        yield from _python(published.requires_python, TRUE, here)
        return
    if published.files is None:
        return
    known = {artifact.filename: artifact for artifact in published.files}
    for artifact in package.artifacts:
        yield from _file(artifact, known.get(artifact.filename), here)
    kept = [known.get(artifact.filename, artifact) for artifact in package.artifacts]
    if published.files and all(artifact.yanked for artifact in published.files) and not pinned:
        yield "yanked", here, "it was yanked, and nothing pins it."
    python = any_of(lower_bound_marker(artifact.requires_python) for artifact in published.files)
    yield from _python(published.requires_python, python, here)
    yield from _files(kept, here, required)


def _file(locked: Artifact, known: Artifact | None, here: Marker) -> Iterator[Said]:
    if known is None:
        yield "file-missing", here, f"its index does not have {locked.filename}."
    elif known.sha256 and locked.sha256 and known.sha256 != locked.sha256:
        yield "digest", here, f"{locked.filename} has another sha256 on its index."


def _python(requires_python: str, files: Marker, here: Marker) -> Iterator[Said]:
    """Upper bounds do not count: they say what was known at the time."""
    outside = here & ~(lower_bound_marker(requires_python) & files)
    if not outside.is_false:
        wanted = f"it requires Python {requires_python}" if requires_python else "none of its files is for that Python"
        yield "python", outside, f"{wanted}, and is needed on another one."


def _files(kept: list[Artifact], here: Marker, required: tuple[Marker, ...]) -> Iterator[Said]:
    usable = FALSE
    for artifact in kept:
        where = lower_bound_marker(artifact.requires_python)
        usable |= where & implied_marker(artifact.filename) if artifact.is_wheel else where
    for region in required:
        # One file that some such environment can use is what is required: wheels never cover every Python and machine.
        needed = here & region
        if not needed.is_false and (needed & usable).is_false:
            yield "no-file", needed, "none of its files can be used in an environment that is required."
    lacking = without_extras(here & ~usable)
    names = [name for name, values in STANDARD_ENVIRONMENTS.items() if evaluate(lacking, values.as_dict())]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    if (here & usable).is_false:
        # Where only uncommon machines need it, no version may have a file for them.
        kind: Kind = "no-file" if names else "no-file-somewhere"
        yield kind, here, "none of its files can be used where it is needed."
    elif names:
        yield "no-file-somewhere", lacking, f"none of its files can be used on {shown}."
