"""What new and init share: the wishes from the command line, and from questions on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from interlock.cli.asking import answering, ask
from interlock.cli.call import BadValue, Call
from interlock.core.editing.requirement_wishes import parse_wish
from interlock.core.editing.scaffold import BACKENDS, KINDS, Scaffold, project_table
from interlock.core.manifests.parse import parse_manifest
from interlock.core.names import is_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.versions.poetry_constraint import specifier_of
from interlock.errors import ManifestError
from interlock.ops.editing.create import Created, check_name
from interlock.workspace.home import expanded

__all__ = ["place_of", "say_created", "wanted_scaffold"]


def place_of(call: Call, text: str) -> Path:
    """The directory that was named."""
    return Path(os.path.normpath(call.context.place.directory / expanded(text)))


def wanted_scaffold(call: Call, directory: str) -> Scaffold:
    """Ask for what was not said when a person is there to answer; else take the defaults."""
    kinds = [kind for kind in KINDS if call.given(kind)]
    if len(kinds) > 1:
        raise BadValue(f"`--{kinds[0]}` and `--{kinds[1]}` exclude each other.", hint="Leave out one of the two.")
    if call.given("src") and call.given("flat"):
        raise BadValue("`--src` and `--flat` exclude each other.", hint="Leave out one of the two.")
    backend = call.text("build_backend").replace("_", "-") or "hatchling"
    backend = {
        "hatch": "hatchling",
        "flit": "flit-core",
        "poetry": "poetry-core",
        "pdm": "pdm-backend",
        "uv": "uv-build",
    }.get(backend, backend)
    if backend not in BACKENDS:
        raise BadValue(f"`{backend}` is not a known build backend.", hint=f"Known: {', '.join(BACKENDS)}.")
    python = call.context.flags.python or ""
    default = f">={sys.version_info.major}.{sys.version_info.minor}"
    ranged = python[:1].isdigit() or python[:1] in {">", "<", "=", "~", "!", "^"}
    wanted = Scaffold(
        name=call.text("name") or directory,
        kind=kinds[0] if kinds else "lib",
        src=not call.given("flat"),
        description=call.text("description"),
        author=call.text("author"),
        license=call.text("license"),
        readme=not call.given("no_readme"),
        requires_python=_range(python) if ranged else default,
        dependencies=tuple(map(_requirement, call.values.dependency)),
        dev_dependencies=tuple(map(_requirement, call.values.dev_dependency)),
        backend=backend,
        package=not call.given("no_package"),
    )
    if _is_interactive(call) and wanted.kind != "workspace":
        with answering():  # between two questions, too
            wanted = _asked(call, wanted, python=not ranged)
    _check(wanted)
    return wanted


def _asked(call: Call, wanted: Scaffold, *, python: bool) -> Scaffold:
    """What a person answers to what was not said; ``python``: the range was not."""

    def put(field: str, question: str, read: Callable[[str], str] = str) -> None:
        nonlocal wanted

        def refuse(answer: str) -> None:
            changed = msgspec.structs.replace(wanted, **{field: read(answer)})
            check_name(changed)
            _check(changed)

        answer = ask(call.terminal.err, question, getattr(wanted, field), refuse=refuse)
        wanted = msgspec.structs.replace(wanted, **{field: read(answer)})

    for field, question in (
        ("name", "Name"),
        ("description", "Description"),
        ("author", "Author (Name <mail>)"),
        ("license", "License (SPDX)"),
    ):
        if not call.text(field):
            put(field, question)
    if python:
        put("requires_python", "Python", _range)
    return wanted


def _range(text: str) -> str:
    """A range of Pythons from what people type: ``3.12``, ``^3.12``, ``>=3.11,<4``.

    Raises :class:`BadValue`.
    """
    if text[:1].isdigit() and text[-1:] != "*":
        return f">={text}"
    try:
        if specifier := specifier_of(text):
            return specifier
        raise BadValue("Some Python it has to be.", hint="Write it like >=3.11.")
    except ManifestError as error:
        raise BadValue(f"`{text}` is no range of Pythons.", hint="Write it like >=3.11.") from error


def _requirement(text: str) -> str:
    """A requirement as a manifest holds it, from how `add` or Poetry's `init` take it (``httpx@^1``, ``httpx:^1``).

    Raises :class:`BadValue`.
    """
    name, colon, constraint = text.partition(":")
    if colon and not constraint.startswith("/") and is_name(name.partition("[")[0].strip()):
        text = f"{name}@{constraint}"
    wish = parse_wish(text)
    if wish.source.keys() - {"url"}:
        raise BadValue(
            f"`{text}` comes from a place of its own.", hint=f"Make the project first, then `interlock add {text}`."
        )
    url = wish.source.get("url", "")
    return format_requirement(
        Requirement(name=wish.normalized, specifier=wish.specifier, marker=wish.marker, extras=wish.extras, url=url)
    )


def _check(wanted: Scaffold) -> None:
    """Refuse what the manifest could not hold before anything is made of it.

    Raises :class:`BadValue`.
    """
    if wanted.author and not wanted.author.strip("<> "):
        raise BadValue(f"`{wanted.author}` is nobody's name.", hint="Write it like `Ann <ann@example.org>`.")
    try:
        for text in (*wanted.dependencies, *wanted.dev_dependencies):
            parse_requirement(text)
        manifest = msgspec.structs.replace(wanted, name="checked", dependencies=(), dev_dependencies=())
        parsed = parse_manifest(project_table(manifest).encode(), path=".", file="pyproject.toml")
        if parsed.warnings:
            raise BadValue(_said(parsed.warnings[0]))
    except ManifestError as error:
        raise BadValue(_said(error.message), hint=error.hint) from error


def _said(problem: str) -> str:
    """A problem of a manifest that nobody has seen, without its file and line."""
    place, _, text = problem.partition(": ")
    return text if place.startswith("pyproject.toml") else problem


def say_created(call: Call, created: Created) -> int:
    if call.json:
        call.document(created)
        return 0
    call.terminal.say(f"Made {created.name} in {created.path}.")
    if created.workspace is not None:
        how = "which was told of it" if created.registered else "whose patterns find it"
        call.terminal.say(f"It is a member of the workspace in {created.workspace}, {how}.")
    return 0


def _is_interactive(call: Call) -> bool:
    wanted = call.given("interactive") or (sys.stdin.isatty() and call.terminal.err.isatty())
    return wanted and not call.given("no_interaction") and not call.json
