"""``interlock source add|remove|show``."""

from __future__ import annotations

from interlock.cli.call import BadValue, Call
from interlock.cli.columns import columns
from interlock.core.manifests.problems import suggest
from interlock.core.sources.logins import take_login
from interlock.core.sources.source import Index
from interlock.core.toml.document import Path, format_value
from interlock.ops.editing.editing import open_editor
from interlock.ops.editing.rewrite import Files, read_manifest, rewrite
from interlock.workspace.discovery import discover
from interlock.workspace.members import Workspace

__all__ = ["add", "remove", "show"]

_KEYS = {"primary": "", "default": "default", "explicit": "explicit"}


def show(call: Call) -> int:
    workspace = discover(call.context.place.start, layout=call.context.means.layout)
    settings = call.context.within(workspace.settings).means.settings
    wanted = call.text("name")
    indexes = settings.resolving.indexes
    found = [index for index in indexes if not wanted or index.name == wanted]
    if wanted and not found:
        raise BadValue(f"There is no source `{wanted}`.{suggest(wanted, [index.name for index in indexes])}")
    rows = [(index.name, _role(index), index.url or "PyPI") for index in found]
    if call.json:
        call.document({"sources": [{"name": name, "role": role, "url": url} for name, role, url in rows]})
        return 0
    call.terminal.data(columns(rows) if rows else "")
    return 0


def _role(index: Index) -> str:
    return "explicit" if index.explicit else "default" if index.default else "primary"


async def add(call: Call) -> int:
    name, url = call.text("name"), call.text("url")
    if not name or not url:
        raise BadValue(
            "A source has a name and a URL.", hint="`interlock source add inner https://index.test/simple/`."
        )
    if "://" not in url and not (call.context.place.directory / url).exists():
        raise BadValue(f"`{url}` is neither a URL nor a directory that is there.", hint="https://index.test/simple/")
    clean, login = take_login(url)
    priority = call.text("priority") or "primary"

    def make(workspace: Workspace) -> Files:
        if any(index.name == name for index in workspace.manifest.settings.indexes):
            raise BadValue(f"There is a source `{name}` already.", hint=f"Remove it: `interlock source remove {name}`.")
        editor = open_editor(workspace, ".", read_manifest(workspace, "."))
        table = _table(workspace)
        lines = [f"name = {format_value(name)}", f"url = {format_value(clean)}"]
        if table[1] == "poetry":
            lines.append(f"priority = {format_value(priority)}")
        elif priority in {"default", "explicit"}:
            lines.append(f"{priority} = true")
        editor.document.append_table(table, lines)
        return {".": editor.data}

    await rewrite(call.context, make)
    call.terminal.say(f"Added the source {name}.")
    if login is not None:
        call.terminal.warn(f"The login in the URL was left out; store it with `interlock auth login {name}`.")
    return 0


async def remove(call: Call) -> int:
    name = call.text("name")

    def make(workspace: Workspace) -> Files:
        editor = open_editor(workspace, ".", read_manifest(workspace, "."))
        table = _table(workspace)
        listed = editor.document.get(table)
        names = [entry.get("name") for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        if name not in names:
            raise BadValue(
                f"There is no source `{name}` in pyproject.toml.{suggest(name, [str(item) for item in names])}"
            )
        editor.document.delete_entry(table, names.index(name))
        return {".": editor.data}

    await rewrite(call.context, make)
    call.terminal.say(f"Removed the source {name}.")
    return 0


def _table(workspace: Workspace) -> Path:
    if workspace.manifest.dialect == "poetry":
        return ("tool", "poetry", "source")
    return (*workspace.manifest.tool_table, "index")
