"""``interlock completions``: scripts for shells, and the words that these ask for."""

from __future__ import annotations

from interlock.cli.arguments import make_parser
from interlock.cli.call import BadValue, Call
from interlock.cli.table.commands import COMMANDS
from interlock.workspace.python import workspace_or_none

__all__ = ["run"]

_MEMBERS = ("--package", "--no-editable-package", "--reinstall-package")
_SCRIPTS = {
    "bash": """\
_interlock() {
    local IFS=$'\\n'
    COMPREPLY=($(compgen -W "$(interlock completions words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" \\
        -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _interlock interlock
""",
    "zsh": """\
#compdef interlock
_interlock() {
    local -a found
    found=("${(@f)$(interlock completions words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    compadd -a found
    _files
}
compdef _interlock interlock
""",
    "fish": """\
function __interlock_words
    interlock completions words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c interlock -a '(__interlock_words)'
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
        call.terminal.data("".join(f"{word}\n" for word in _words(call, [word for word in words if word != "--"])))
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
    """What may stand in the place of the last word."""
    *before, last = typed or [""]
    if before and before[-1] in _MEMBERS:
        return [name for name in _members(call) if name.startswith(last)]
    named = [word for word in before if not word.startswith("-")]
    for length in (2, 1):
        found = tuple(named[:length])
        for command in COMMANDS:
            if len(found) == length and (command.words == found or found in command.aliases):
                if last.startswith("-"):
                    return [name for name in make_parser(command).option_names if name.startswith(last)]
                return []
    if last.startswith("-"):
        return [name for name in make_parser(None).option_names if name.startswith(last)]
    depth = len(named)
    spellings = [words for command in COMMANDS for words in (command.words, *command.aliases)]
    below = {words[depth] for words in spellings if len(words) > depth and list(words[:depth]) == named}
    return sorted(word for word in below if word.startswith(last))


def _members(call: Call) -> list[str]:
    workspace = workspace_or_none(call.context)
    return [member.name for member in workspace.members] if workspace is not None else []
