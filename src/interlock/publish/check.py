"""What an index would refuse, found before anything is uploaded (core metadata, PEP 639, PEP 440 local versions)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.message import Message
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from typing import Any, cast

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from interlock.publish.distribution import Distribution

__all__ = ["check_distribution", "render_problem"]

_PRIVATE = "private ::"


def check_distribution(distribution: Distribution, *, public: bool = True) -> list[str]:
    """Everything wrong with a file, one sentence each; ``public`` adds what only matters outside of one's own index."""
    found = list(_metadata_problems(distribution))
    found += _license_problems(distribution)
    if public:
        found += _public_problems(distribution)
    problem = render_problem(distribution)
    return [*found, problem] if problem else found


def _metadata_problems(distribution: Distribution) -> Iterable[str]:
    try:
        Metadata.from_raw(cast("RawMetadata", distribution.metadata), validate=True)
    except ExceptionGroup as group:
        for error in group.exceptions:
            reason = error.__cause__ or error
            yield f"{error.field}: {reason}" if isinstance(error, InvalidMetadata) else str(error)
    for text in distribution.metadata.get("requires_dist", ()):
        if "@" in text and "file:" in text.partition("@")[2]:
            yield f"it requires a path of this machine: `{text}`"
    for field in distribution.unparsed:
        yield f"the field `{field}` is unknown or given twice"
    if str(Version(distribution.metadata.get("version", "0"))) != distribution.version:
        yield f"it is version {distribution.metadata.get('version')} inside"


def _public_problems(distribution: Distribution) -> Iterable[str]:
    for classifier in distribution.metadata.get("classifiers", ()):
        if classifier.lower().startswith(_PRIVATE):
            yield f"it is marked as private by the classifier `{classifier}`"
    if "+" in distribution.version:
        yield f"an index takes no local version ({distribution.version})"
    for text in distribution.metadata.get("requires_dist", ()):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # reported with the other fields
        if requirement.url and not requirement.url.startswith("file:"):
            yield f"it requires a direct address, which indexes refuse: `{text}`"


def _license_problems(distribution: Distribution) -> Iterable[str]:
    """PEP 639: an expression and classifiers exclude each other; the files that are named are there."""
    metadata = distribution.metadata
    if metadata.get("license_expression"):
        for classifier in metadata.get("classifiers", ()):
            if classifier.startswith("License ::"):
                yield f"it has both a License-Expression and the classifier `{classifier}`"
    version = tuple(int(part) for part in str(metadata.get("metadata_version", "1.0")).split("."))
    if version < (2, 4):
        # License-File was in use before it was defined, with other places for the files.
        return
    for name in metadata.get("license_files", ()):
        where = f".dist-info/licenses/{name}" if distribution.is_wheel else f"/{name}"
        if not any(inside.endswith(where) for inside in distribution.contents):
            yield f"the licence file `{name}` is not in it"


def render_problem(distribution: Distribution) -> str:
    """Why the description cannot be shown; empty when it can, or when nothing here can tell."""
    text = distribution.metadata.get("description", "")
    if not text.strip() or text.strip() == "UNKNOWN":
        return ""
    header = Message()
    header["content-type"] = distribution.metadata.get("description_content_type") or "text/x-rst"
    kind = header.get_content_type()
    # Plain text and Markdown always render, and other types are reported with the field.
    if kind != "text/x-rst" or find_spec("readme_renderer") is None:
        return ""
    render: Callable[..., Any] = import_module("readme_renderer.rst").render
    warnings = StringIO()
    if render(text, stream=warnings) is None:
        reason = next((line for line in warnings.getvalue().splitlines() if line.strip()), "invalid reStructuredText")
        return f"its description cannot be rendered: {reason}"
    return ""
