"""``interlock new`` and ``interlock init``: projects on disk, registered with the workspace they are in."""

from __future__ import annotations

import os
import shutil
from keyword import iskeyword
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.editing.scaffold import Scaffold, is_standard_module, project_table, scaffold
from interlock.core.names import is_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.toml.array import insert, items, literal
from interlock.core.toml.document import TomlDocument
from interlock.errors import UsageError
from interlock.ops.editing.editing import open_editor
from interlock.ops.editing.rewrite import Files, read_manifest, rewrite
from interlock.store.layout import Layout
from interlock.store.replace import replace_file
from interlock.workspace.discovery import NoProject, discover
from interlock.workspace.globs import is_excluded, is_included
from interlock.workspace.members import Workspace

__all__ = [
    "AlreadyProject",
    "BadProjectName",
    "Created",
    "DirectoryNotEmpty",
    "check_init",
    "check_name",
    "check_new",
    "create_project",
    "init_project",
]


class DirectoryNotEmpty(UsageError):
    code = "directory-not-empty"


class AlreadyProject(UsageError):
    code = "already-a-project"


class BadProjectName(UsageError):
    code = "bad-project-name"


class Created(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    name: str
    files: tuple[str, ...]
    workspace: Path | None = None
    """The root of the workspace it is a member of."""
    registered: bool = False
    """Whether the root had to be told."""
    package: bool = True
    """Whether it is built and installed; what has no modules yet is not."""


async def create_project(context: Context, path: Path, wanted: Scaffold) -> Created:
    """Make a project in a directory that does not exist or is empty; all of it or nothing."""
    check_name(wanted)
    existed = _is_empty_directory(path)
    workspace = await anyio.to_thread.run_sync(lambda: _workspace_around(context.means.layout, path))
    member = workspace is not None and wanted.kind != "workspace"
    if member and workspace is not None:
        _check_free(workspace, wanted)
    files = scaffold(msgspec.structs.replace(wanted, member=member))
    try:
        await anyio.to_thread.run_sync(lambda: _write(path, files))
        registered = await _register(context, workspace, path) if member and workspace is not None else False
    except BaseException:
        _clear(path, keep=existed)
        raise
    root = workspace.root if member and workspace is not None else None
    return Created(
        path=path,
        name=wanted.project,
        files=tuple(files),
        workspace=root,
        registered=registered,
        package=wanted.package,
    )


async def init_project(
    context: Context, path: Path, wanted: Scaffold, *, whole: bool = False, named: bool = False
) -> Created:
    """Give a directory a manifest; what it has already stays as it is.

    ``whole``: with the modules and tests of a new project too, where there are none. Without any, nothing can be built.
    ``named``: somebody gave it a name, so that even the root of a workspace becomes a project.
    """
    check_name(wanted)
    manifest = path / "pyproject.toml"
    check_init(path, kind=wanted.kind, named=named)
    before, readme = _look(path)
    there = _layout(path, wanted)
    wanted = msgspec.structs.replace(wanted, tests=whole or there is not None or (path / "tests").is_dir())
    files: dict[str, str] = {}
    if there is not None:
        wanted = msgspec.structs.replace(wanted, src=there)
    elif whole:
        files = {name: text for name, text in scaffold(wanted).items() if name.endswith((".py", ".typed"))}
        files = {name: text for name, text in files.items() if not (path / name).exists()}
    else:
        wanted = msgspec.structs.replace(wanted, package=False)
    table = project_table(msgspec.structs.replace(wanted, readme=bool(readme))).replace(
        "README.md", readme or "README.md"
    )
    if wanted.kind == "workspace":
        table = '[tool.interlock.workspace]\nmembers = ["packages/*", "apps/*"]\n'
    if before is not None:
        table = _joined(before, table, at_the_end=wanted.kind == "workspace")
    workspace = await anyio.to_thread.run_sync(lambda: _workspace_around(context.means.layout, path))
    member = workspace is not None and wanted.kind != "workspace" and workspace.root != path
    if member and workspace is not None:
        _check_free(workspace, wanted)
    try:
        await anyio.to_thread.run_sync(lambda: _write(path, {"pyproject.toml": table, **files}))
        registered = await _register(context, workspace, path) if member and workspace is not None else False
    except BaseException:
        _put_back(manifest, before)
        for name in files:
            (path / name).unlink(missing_ok=True)
        raise
    root = workspace.root if member and workspace is not None else None
    return Created(
        path=path,
        name=wanted.project,
        files=("pyproject.toml", *files),
        workspace=root,
        registered=registered,
        package=wanted.package,
    )


def _joined(before: bytes, table: str, *, at_the_end: bool) -> str:
    """A manifest that was there, with a new table; TOML decides whether the two go together."""
    text, gap = before.decode("utf-8"), "\n" if before.strip() else ""
    values = TomlDocument(before, "pyproject.toml").values
    joined = f"{text}{gap}{table}" if at_the_end else _without_known(table, values) + gap + text
    TomlDocument(joined.encode(), "pyproject.toml")
    return joined


def check_new(path: Path) -> None:
    """Raises :class:`DirectoryNotEmpty`, before anybody is asked anything."""
    _is_empty_directory(path)


def check_init(path: Path, *, kind: str, named: bool) -> None:
    """Raises :class:`AlreadyProject` for a manifest that says already what would be added."""
    manifest = path / "pyproject.toml"
    before, _ = _look(path)
    values = TomlDocument(before, "pyproject.toml").values if before is not None else {}
    tool = values.get("tool")
    tables = tool if isinstance(tool, dict) else {}
    if any("workspace" in tables.get(name, {}) for name in ("interlock", "uv")):
        if kind == "workspace":
            raise AlreadyProject(
                f"{manifest} is the root of a workspace already.", hint="Make members with `interlock new PATH`."
            )
        if "project" not in values and not named:
            raise AlreadyProject(
                f"{manifest} is the root of a workspace.",
                hint="`interlock new PATH` makes a member. To make a project of the root too, name it:"
                " `interlock init --name NAME`.",
            )
    if kind != "workspace" and ("project" in values or "poetry" in tables):
        raise AlreadyProject(f"{manifest} describes a project already.", hint="Add to it with `interlock add`.")


def check_name(wanted: Scaffold) -> None:
    """Raises :class:`BadProjectName` for a name that nobody could import or install."""
    name = wanted.name
    if not all(is_name(part) and part.replace("-", "_").isidentifier() for part in name.split(".")):
        raise BadProjectName(
            f"`{name}` cannot be the name of a package.", hint="Letters, digits, `-` and `_`; dots make namespaces."
        )
    if wanted.kind == "workspace":
        return
    word = next((part for part in wanted.module.split(".") if iskeyword(part)), "")
    top = wanted.module.partition(".")[0]
    if word or is_standard_module(top):
        what = f"`{word}` is a word of the language" if word else f"`{top}` is a module of Python itself"
        raise BadProjectName(
            f"{what}: a package `{wanted.module}` could not be imported.", hint=f"Give another one: --name my-{top}."
        )
    for text in (*wanted.dependencies, *wanted.dev):
        if parse_requirement(text).name == wanted.project:
            raise BadProjectName(
                f"`{name}` cannot depend on itself: `{text}` has the name of the project.",
                hint=f"Give the project another one: --name my-{name}.",
            )


def _check_free(workspace: Workspace, wanted: Scaffold) -> None:
    """Raises :class:`BadProjectName` when a member has the name."""
    taken = next((member for member in workspace.members if member.name == wanted.project), None)
    if taken is not None:
        raise BadProjectName(
            f"The workspace has a member `{wanted.project}` already, in {taken.path}.",
            hint="Give the new one another name: --name.",
        )


def _without_known(table: str, values: dict[str, object]) -> str:
    """The new tables without those that are there already (``[tool.pytest...]``, ``[build-system]``)."""
    document = TomlDocument(table.encode(), "pyproject.toml")
    tool = values.get("tool")
    for path in (("build-system",), ("dependency-groups",)):
        if path[0] in values:
            document.delete(path)
    for name in tool if isinstance(tool, dict) else ():
        document.delete(("tool", name))
    return document.data.decode()


def _workspace_around(layout: Layout, path: Path) -> Workspace | None:
    """The workspace that a new directory would be in."""
    place = next(parent for parent in path.parents if parent.is_dir())
    try:
        workspace = discover(place, layout=layout)
    except NoProject:
        return None
    return workspace if workspace.manifest.workspace is not None else None


async def _register(context: Context, workspace: Workspace, path: Path) -> bool:
    """Tell the root of a member that its patterns do not find."""
    relative = _relative(path, workspace.root)
    told = False

    def make(workspace: Workspace) -> Files:
        nonlocal told
        table = workspace.manifest.workspace
        if table is not None and is_included(relative, table.members) and not is_excluded(relative, table.exclude):
            return {}
        told = True
        editor = open_editor(workspace, ".", read_manifest(workspace, "."))
        editor.edit_list(
            (*workspace.manifest.tool_table, "workspace", "members"),
            lambda text: insert(text, len(items(text)), literal(relative)),
        )
        return {".": editor.data}

    await rewrite(context.starting_at(workspace.root), make)
    return told


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _is_empty_directory(path: Path) -> bool:
    """False when nothing is there. Raises :class:`DirectoryNotEmpty`."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DirectoryNotEmpty(f"{path} is not empty.", hint="Use `interlock init` in it to add only a manifest.")
    return path.exists()


def _clear(path: Path, *, keep: bool) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if keep:
        path.mkdir(exist_ok=True)


def _look(path: Path) -> tuple[bytes | None, str]:
    """The manifest and the name of the README that are there."""
    manifest = path / "pyproject.toml"
    readme = next((name for name in ("README.md", "README.rst", "README.txt") if (path / name).exists()), "")
    return manifest.read_bytes() if manifest.exists() else None, readme


def _layout(path: Path, wanted: Scaffold) -> bool | None:
    """Whether the package that is there is below ``src``; None when there is none."""
    inner = wanted.module.replace(".", "/")
    for base, src in (("src/", True), ("", False)):
        if (path / f"{base}{inner}").is_dir() or (path / f"{base}{inner}.py").is_file():
            return src
    return None


def _put_back(manifest: Path, before: bytes | None) -> None:
    if before is None:
        manifest.unlink(missing_ok=True)
    else:
        replace_file(manifest, before)


def _write(path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, text.encode())
