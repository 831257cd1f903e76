"""``interlock config``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from interlock.cli.call import BadValue, Call
from interlock.cli.columns import columns
from interlock.cli.configuration import what_fits
from interlock.cli.logins import drop_login, find_login, keep_login
from interlock.cli.places import to_write, user_file
from interlock.cli.poetry_settings import poetry_setting_hint
from interlock.core.manifests.problems import suggest
from interlock.core.text.numbers import whole_number
from interlock.core.toml.document import TomlDocument, format_value
from interlock.errors import redact
from interlock.ops.editing.editing import open_editor
from interlock.ops.editing.rewrite import Files, read_manifest, rewrite
from interlock.settings.decided import setting
from interlock.settings.given import UserSettings
from interlock.store.replace import replace_file
from interlock.workspace.here import workspace_or_none
from interlock.workspace.members import Workspace

__all__ = ["run"]

_USER = UserSettings.__struct_encode_fields__
_LOCAL = (
    "add-bounds",
    "default-index",
    "env",
    "exclude-newer",
    "fork-strategy",
    "index-strategy",
    "link-mode",
    "no-binary",
    "no-build",
    "no-index",
    "package",
    "prerelease",
    "required-version",
    "resolution",
)
"""Settings of ``[tool.interlock]`` that are one value."""
_OTHER_VARIABLES = {
    "ca-bundle": ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT"),
    "client-cert": ("SSL_CLIENT_CERT", "PIP_CLIENT_CERT"),
    "color": ("NO_COLOR", "FORCE_COLOR"),
    "default-index": ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"),
    "plugins": ("INTERLOCK_NO_PLUGINS",),
    "progress": ("INTERLOCK_NO_PROGRESS",),
}
"""Variables that decide a setting where the one of its own name is not set."""
_LEAST = "default-index"
"""The setting whose other variables count least: after what the user's file says."""
_LIST = "`interlock config --list` shows them all."


async def run(call: Call) -> int:
    """Show, set or remove a setting: the user's, or with ``--local`` the workspace's."""
    key, values = call.text("key"), list(call.values.value)
    if call.given("schema"):
        call.terminal.data(_schema())
        return 0
    if not key or call.given("list"):
        return _list(call)
    if key.startswith(("http-basic.", "pypi-token.")):
        return _secret(call, key, values)
    known = _LOCAL if call.given("local") else _USER
    if key not in known and (values or call.given("unset")):
        if key in _LOCAL and not call.given("local"):
            raise BadValue(f"`{key}` is a setting of the workspace, not of a user.", hint="Add --local.")
        raise _unknown(key, known)
    is_list = key in _USER and not call.given("local") and what_fits(key) == "a list"
    if len(values) > 1 and not is_list:
        raise BadValue(f"`{key}` takes one value.")
    if not values and not call.given("unset"):
        return _show(call, key)
    value = None if call.given("unset") else values if is_list else _parsed(values[0])
    if call.given("local"):
        await _set_local(call, key, value)
    else:
        _set_user(call, key, value)
    return 0


def _unknown(key: str, known: Iterable[str]) -> BadValue:
    hint = poetry_setting_hint(key)
    if hint is not None:
        return BadValue(f"`{key}` is a setting of Poetry.", hint=hint)
    return BadValue(f"`{key}` is not a setting.{suggest(key, known)}", hint=_LIST)


def _schema() -> str:
    from_here = __file__
    with open(from_here.replace("commands/config.py", "interlock.schema.json"), encoding="utf-8") as file:
        return file.read()


def _parsed(text: str) -> object:
    if text in {"true", "false"}:
        return text == "true"
    number = whole_number(text)
    return text if number is None else number


def _effective(call: Call) -> dict[str, tuple[object, str]]:
    """Each setting with its value and where it is from."""
    workspace = workspace_or_none(call.context.place.start, call.context.means.layout)
    context = call.context if workspace is None else call.context.within(workspace.settings)
    user = msgspec.to_builtins(context.around.user)
    local = _local_table(workspace) if workspace is not None else {}
    found: dict[str, tuple[object, str]] = {}
    for key in sorted({*_USER, *_LOCAL}):
        ours = f"INTERLOCK_{key.upper().replace('-', '_')}"
        names = [name for name in (ours, *_OTHER_VARIABLES.get(key, ())) if context.means.environ.get(name)]
        value = setting(context.means.settings, key.replace("-", "_"))
        if names and (key != _LEAST or names[0] == ours):
            found[key] = (_of_variable(names[0], value, context.means.environ), names[0])
        elif key in local:
            found[key] = (local[key], "local")
        elif user.get(key) not in (None, [], ()):
            found[key] = (user[key], "user")
        elif names:
            found[key] = (_of_variable(names[0], value, context.means.environ), names[0])
        else:
            found[key] = (value if not isinstance(value, tuple) else list(value), "default")
    found["cache-dir"] = (str(context.means.layout.root), found["cache-dir"][1])
    return {key: (_hidden(value), origin) for key, (value, origin) in found.items()}


def _of_variable(name: str, value: object, environ: Mapping[str, str]) -> object:
    """What was decided by a variable; where that is told nowhere, what it says."""
    if name.startswith("INTERLOCK_NO_"):
        return False
    return environ[name] if value is None else value


def _hidden(value: object) -> object:
    """The value without the passwords of URLs in it."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _hidden(item) for key, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else value


def _local_table(workspace: Workspace) -> dict[str, object]:
    document = TomlDocument(read_manifest(workspace, "."), "pyproject.toml")
    table = document.get(workspace.manifest.tool_table)
    return table if isinstance(table, dict) else {}


def _list(call: Call) -> int:
    found = _effective(call)
    if call.json:
        call.document({key: {"value": value, "origin": origin} for key, (value, origin) in found.items()})
        return 0
    rows = [(key, "" if value is None else _shown(value), f"# {origin}") for key, (value, origin) in found.items()]
    call.terminal.data(columns(rows))
    return 0


def _show(call: Call, key: str) -> int:
    found = _effective(call)
    if key not in found:
        raise _unknown(key, found)
    value, origin = found[key]
    if call.json:
        call.document({"key": key, "value": value, "origin": origin})
    else:
        call.terminal.data("" if value is None else _shown(value))
    return 0


def _shown(value: object) -> str:
    return (
        value
        if isinstance(value, str)
        else format_value(value)
        if not isinstance(value, list)
        else ", ".join(map(str, value))
    )


def _set_user(call: Call, key: str, value: object) -> None:
    path = to_write(user_file(call.context.means.environ))
    document = TomlDocument(path.read_bytes() if path.exists() else b"", str(path))
    if value is None:
        document.delete((key,))
    else:
        document.set((key,), format_value(value))
        try:
            msgspec.convert(document.values, UserSettings)
        except msgspec.ValidationError as error:
            raise BadValue(f"`{key}` cannot be `{value}`.", hint=f"It can be {what_fits(key)}.") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, document.data)
    call.terminal.say(f"{'Removed' if value is None else 'Set'} {key} in {path}.")


async def _set_local(call: Call, key: str, value: object) -> None:
    def make(workspace: Workspace) -> Files:
        editor = open_editor(workspace, ".", read_manifest(workspace, "."))
        path = (*workspace.manifest.tool_table, key)
        if value is None:
            editor.document.delete(path)
        else:
            editor.document.set(path, format_value(value))
        return {".": editor.data}

    await rewrite(call.context, make)
    call.terminal.say(f"{'Removed' if value is None else 'Set'} {key} in pyproject.toml.")


def _secret(call: Call, key: str, values: list[str]) -> int:
    """Poetry's ``http-basic.NAME user password`` and ``pypi-token.NAME token``: never into a file others read."""
    kind, _, name = key.partition(".")
    if call.given("unset"):
        if not drop_login(call, name):
            raise BadValue(f"There is no login for `{name}`.")
        call.terminal.say(f"Forgot the login for {name}.")
        return 0
    if not values and (known := find_login(call, name)) is not None:
        call.terminal.data(known[0])
        return 0
    login = ("__token__", *values) if kind == "pypi-token" else tuple(values)
    if len(login) != 2 or not name:
        what = "a token" if kind == "pypi-token" else "a user name and a password"
        raise BadValue(
            f"`{key}` needs {what}.", hint="`interlock auth login` asks for the password, so that no shell keeps it."
        )
    keep_login(call, name, login[0], login[1])
    return 0
