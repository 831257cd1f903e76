"""``interlock completions``: scripts for shells, and the words that these ask for."""

from __future__ import annotations

from collections.abc import Callable

from interlock.cli.arguments import make_parser, take_command
from interlock.cli.call import BadValue, Call
from interlock.cli.surroundings import make_context, read_flags
from interlock.cli.table.commands import COMMANDS
from interlock.core.manifests.manifest import Manifest
from interlock.errors import UsageError
from interlock.workspace.here import workspace_or_none
from interlock.workspace.members import Workspace

__all__ = ["run"]

_SCRIPTS = {
    "bash": """\
_interlock() {
    local IFS=$'\\n'
    COMPREPLY=($(compgen -W "$(interlock completions words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" \\
        -- "${COMP_WORDS[COMP_CWORD]#=}"))
}
complete -o default -F _interlock interlock
""",
    "zsh": """\
#compdef interlock
_interlock() {
    local -a found
    found=(${(f)"$(interlock completions words -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then compadd -a found; else _files; fi
}
compdef _interlock interlock
""",
    "fish": """\
function __interlock_words
    set -l found (interlock completions words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c interlock -f -a '(__interlock_words)'
""",
    "powershell": """\
Register-ArgumentCompleter -Native -CommandName interlock -ScriptBlock {
    param($word, $tree, $position)
    $words = @($tree.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    if ($word -eq '') { $words += '' }
    interlock completions words -- @words 2>$null | Where-Object { $_ -like "$word*" } |
        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
""",
}


def run(call: Call) -> int:
    shell, *words = call.rest or ("",)
    if shell == "words":
        typed = words[1:] if words[:1] == ["--"] else words
        call.terminal.data("".join(f"{word}\n" for word in _words(call, typed)))
        return 0
    shell = {"pwsh": "powershell"}.get(shell, shell)
    if shell not in _SCRIPTS:
        raise BadValue(
            f"`{shell}` is not a shell known here." if shell else "For which shell?",
            hint=f"Known: {', '.join(_SCRIPTS)}.",
        )
    call.terminal.data(_SCRIPTS[shell])
    return 0


def _words(call: Call, typed: list[str]) -> list[str]:
    """What may stand in the place of the last word; nothing where only the user can know."""
    *before, last = typed or [""]
    # bash makes three words of `--package=web`, and is at the second or third.
    if last == "=":
        last = ""
    elif before and before[-1] == "=":
        before.pop()
    option, equals, value = last.partition("=") if last.startswith("--") else ("", "", "")
    if equals:
        return [f"{option}={name}" for name in _values(call, before, option) or () if name.startswith(value)]
    if before and before[-1].startswith("-"):
        values = _values(call, before[:-1], before[-1])
        if values is not None:
            return [name for name in values if name.startswith(last)]
    try:
        words, _, command = take_command(list(before))
    except UsageError:
        return []
    if last.startswith("-"):
        return [name for name in make_parser(command).option_names if name.startswith(last)]
    if command is not None:
        return []
    spellings = [words for command in COMMANDS for words in (command.words, *command.aliases)]
    depth = len(words)
    return sorted({found[depth] for found in spellings if found[:depth] == words and found[depth].startswith(last)})


def _values(call: Call, before: list[str], option: str) -> list[str] | None:
    """The values an option may have; empty when these cannot be known, None when it takes none."""
    try:
        _, rest, command = take_command(list(before))
    except UsageError:
        return []
    parser = make_parser(command)
    action = parser.option(option)
    if action is None or action.nargs == 0:
        return None
    kind = _NAMES.get(option)
    if kind is None:
        return list(getattr(action.type, "choices", ()))
    values = parser.parse_known_args(rest)[0]
    context = make_context(read_flags(values), call.context.around, call.context.means.reporter)
    workspace = workspace_or_none(context.place.start, context.means.layout)
    return sorted(kind(workspace)) if workspace is not None else []


def _members(workspace: Workspace) -> set[str]:
    return {member.name for member in workspace.members}


def _groups(workspace: Workspace) -> set[str]:
    return {group for manifest in _manifests(workspace) for group in manifest.groups}


def _extras(workspace: Workspace) -> set[str]:
    return {extra for manifest in _manifests(workspace) for extra in manifest.extras}


def _manifests(workspace: Workspace) -> list[Manifest]:
    return [workspace.manifest, *(member.manifest for member in workspace.members)]


_NAMES: dict[str, Callable[[Workspace], set[str]]] = {
    **dict.fromkeys(("--package", "--no-editable-package", "--reinstall-package", "--no-install-package"), _members),
    **dict.fromkeys(("-G", "--group", "--no-group", "--only-group", "--with", "--without", "--only"), _groups),
    **dict.fromkeys(("-E", "--extra", "--extras", "--no-extra", "--optional"), _extras),
}
"""Whose names the values of an option are."""
