"""The activation scripts of an environment, one per shell; each can be undone with ``deactivate``.

What was there before is kept under the names that the standard library's ``venv``, virtualenv and uv use, and
``deactivate`` understands their ``nondestructive``: so each of them can take another one's place.
"""

from __future__ import annotations

__all__ = ["activation_scripts"]

_SH = """\
# Use with "source bin/activate" in sh, bash, zsh, dash or ksh; undo with "deactivate".
if [ -n "${VIRTUAL_ENV:-}" ] && [ "$(command -v deactivate)" = deactivate ]; then
    deactivate nondestructive || true
fi
deactivate () {
    if [ -n "${_OLD_VIRTUAL_PATH:-}" ]; then PATH="$_OLD_VIRTUAL_PATH"; export PATH; unset _OLD_VIRTUAL_PATH; fi
    if [ -n "${_OLD_VIRTUAL_PYTHONHOME+set}" ]; then
        PYTHONHOME="$_OLD_VIRTUAL_PYTHONHOME"; export PYTHONHOME; unset _OLD_VIRTUAL_PYTHONHOME
    fi
    if [ -n "${_OLD_VIRTUAL_PS1+set}" ]; then PS1="$_OLD_VIRTUAL_PS1"; export PS1; unset _OLD_VIRTUAL_PS1; fi
    unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    hash -r 2>/dev/null || true
    if [ "${1:-}" != nondestructive ]; then unset -f deactivate; fi
}
deactivate nondestructive
VIRTUAL_ENV=@ROOT@
VIRTUAL_ENV_PROMPT=@PROMPT@
export VIRTUAL_ENV VIRTUAL_ENV_PROMPT
_OLD_VIRTUAL_PATH="$PATH"
PATH="$VIRTUAL_ENV/@BIN@:$PATH"
export PATH
if [ -n "${PYTHONHOME+set}" ]; then _OLD_VIRTUAL_PYTHONHOME="$PYTHONHOME"; unset PYTHONHOME; fi
if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT:-}" ]; then
    _OLD_VIRTUAL_PS1="${PS1:-}"
    PS1="($VIRTUAL_ENV_PROMPT) ${PS1:-}"
    export PS1
fi
hash -r 2>/dev/null || true
"""

_FISH = """\
# Use with "source bin/activate.fish"; undo with "deactivate".
if set -q VIRTUAL_ENV; and functions -q deactivate; deactivate nondestructive; end
function deactivate
    if set -q _OLD_VIRTUAL_PATH; set -gx PATH $_OLD_VIRTUAL_PATH; set -e _OLD_VIRTUAL_PATH; end
    if set -q _OLD_VIRTUAL_PYTHONHOME
        set -gx PYTHONHOME $_OLD_VIRTUAL_PYTHONHOME
        set -e _OLD_VIRTUAL_PYTHONHOME
    end
    set -e _OLD_FISH_PROMPT_OVERRIDE
    if functions -q _old_fish_prompt
        functions -e fish_prompt
        functions -c _old_fish_prompt fish_prompt
        functions -e _old_fish_prompt
    end
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    if test "$argv[1]" != nondestructive; functions -e deactivate; end
end
deactivate nondestructive
set -gx VIRTUAL_ENV @ROOT@
set -gx VIRTUAL_ENV_PROMPT @PROMPT@
set -gx _OLD_VIRTUAL_PATH $PATH
set -gx PATH "$VIRTUAL_ENV/@BIN@" $PATH
if set -q PYTHONHOME; set -gx _OLD_VIRTUAL_PYTHONHOME $PYTHONHOME; set -e PYTHONHOME; end
if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt _old_fish_prompt
    function fish_prompt
        set -l before $status
        printf '(%s) ' $VIRTUAL_ENV_PROMPT
        sh -c "exit $before"
        _old_fish_prompt
    end
    set -gx _OLD_FISH_PROMPT_OVERRIDE $VIRTUAL_ENV
end
"""

# csh replaces a line's variables before it looks at its "if", so those that may be absent are left to "eval"; ":q",
# which must not stand in double quotes, keeps spaces and line breaks.
_CSH = """\
# Use with "source bin/activate.csh" in csh or tcsh; undo with "deactivate".
alias deactivate 'if ($?_OLD_VIRTUAL_PATH) eval '\\''setenv PATH $_OLD_VIRTUAL_PATH:q'\\''; unset _OLD_VIRTUAL_PATH; \
if ($?_OLD_VIRTUAL_PROMPT) eval '\\''set prompt=$_OLD_VIRTUAL_PROMPT:q'\\''; unset _OLD_VIRTUAL_PROMPT; \
unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT; rehash; \
if ("\\!:*" != nondestructive) unalias deactivate'
deactivate nondestructive
setenv VIRTUAL_ENV @ROOT@
setenv VIRTUAL_ENV_PROMPT @PROMPT@
set _OLD_VIRTUAL_PATH=$PATH:q
setenv PATH $VIRTUAL_ENV:q/@BIN@:$PATH:q
set _interlock_shown=0
if ($?prompt) set _interlock_shown=1
if ($?VIRTUAL_ENV_DISABLE_PROMPT) eval 'if ("$VIRTUAL_ENV_DISABLE_PROMPT" != "") set _interlock_shown=0'
if ($_interlock_shown) then
    set _OLD_VIRTUAL_PROMPT=$prompt:q
    set prompt="("$VIRTUAL_ENV_PROMPT:q") "$prompt:q
endif
unset _interlock_shown
rehash
"""

_POWERSHELL = """\
# Use with ". Activate.ps1"; undo with "deactivate".
if ($Env:VIRTUAL_ENV -and (Test-Path Function:deactivate)) { deactivate -NonDestructive }
function global:deactivate([switch]$NonDestructive) {
    if (Test-Path Env:_OLD_VIRTUAL_PATH) { $Env:PATH = $Env:_OLD_VIRTUAL_PATH; Remove-Item Env:_OLD_VIRTUAL_PATH }
    if (Test-Path Env:_OLD_VIRTUAL_PYTHONHOME) {
        $Env:PYTHONHOME = $Env:_OLD_VIRTUAL_PYTHONHOME
        Remove-Item Env:_OLD_VIRTUAL_PYTHONHOME
    }
    if (Test-Path Function:_OLD_VIRTUAL_PROMPT) {
        Copy-Item Function:_OLD_VIRTUAL_PROMPT Function:prompt
        Remove-Item Function:_OLD_VIRTUAL_PROMPT
    }
    if (Test-Path Env:VIRTUAL_ENV) { Remove-Item Env:VIRTUAL_ENV }
    if (Test-Path Env:VIRTUAL_ENV_PROMPT) { Remove-Item Env:VIRTUAL_ENV_PROMPT }
    if (-not $NonDestructive) { Remove-Item Function:deactivate }
}
deactivate -NonDestructive
$Env:VIRTUAL_ENV = @ROOT@
$Env:VIRTUAL_ENV_PROMPT = @PROMPT@
$Env:_OLD_VIRTUAL_PATH = $Env:PATH
$Env:PATH = (Join-Path $Env:VIRTUAL_ENV '@BIN@') + [IO.Path]::PathSeparator + $Env:PATH
if (Test-Path Env:PYTHONHOME) { $Env:_OLD_VIRTUAL_PYTHONHOME = $Env:PYTHONHOME; Remove-Item Env:PYTHONHOME }
if (-not $Env:VIRTUAL_ENV_DISABLE_PROMPT) {
    Copy-Item Function:prompt Function:global:_OLD_VIRTUAL_PROMPT
    function global:prompt { "($Env:VIRTUAL_ENV_PROMPT) " + (_OLD_VIRTUAL_PROMPT) }
}
"""

_BATCH = """\
@echo off
if defined _OLD_VIRTUAL_PATH set "PATH=%_OLD_VIRTUAL_PATH%"
if defined _OLD_VIRTUAL_PROMPT set "PROMPT=%_OLD_VIRTUAL_PROMPT%"
if defined _OLD_VIRTUAL_PYTHONHOME set "PYTHONHOME=%_OLD_VIRTUAL_PYTHONHOME%"
set "VIRTUAL_ENV=@ROOT@"
set "VIRTUAL_ENV_PROMPT=@PROMPT@"
set "_OLD_VIRTUAL_PATH=%PATH%"
set "PATH=%VIRTUAL_ENV%\\@BIN@;%PATH%"
set "_OLD_VIRTUAL_PYTHONHOME=%PYTHONHOME%"
set PYTHONHOME=
if not defined PROMPT set "PROMPT=$P$G"
set "_OLD_VIRTUAL_PROMPT=%PROMPT%"
if not defined VIRTUAL_ENV_DISABLE_PROMPT set "PROMPT=(%VIRTUAL_ENV_PROMPT%) %PROMPT%"
"""

_BATCH_UNDO = """\
@echo off
if defined _OLD_VIRTUAL_PATH set "PATH=%_OLD_VIRTUAL_PATH%"
if defined _OLD_VIRTUAL_PROMPT set "PROMPT=%_OLD_VIRTUAL_PROMPT%"
if defined _OLD_VIRTUAL_PYTHONHOME set "PYTHONHOME=%_OLD_VIRTUAL_PYTHONHOME%"
set _OLD_VIRTUAL_PATH=
set _OLD_VIRTUAL_PROMPT=
set _OLD_VIRTUAL_PYTHONHOME=
set VIRTUAL_ENV=
set VIRTUAL_ENV_PROMPT=
"""


def activation_scripts(root: str, folder: str, prompt: str) -> dict[str, str]:
    """Content of each activation script by file name; ``folder`` is ``bin`` or ``Scripts``."""

    def sh(text: str) -> str:
        return "'" + text.replace("'", "'\"'\"'") + "'"

    def fish(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def csh(text: str) -> str:
        return sh(text).replace("!", "\\!").replace("\n", "\\\n")

    def powershell(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def batch(text: str) -> str:
        return text.replace("%", "%%").replace('"', "")

    made = {}
    for name, template, quote in (
        ("activate", _SH, sh),
        ("activate.fish", _FISH, fish),
        ("activate.csh", _CSH, csh),
        ("Activate.ps1", _POWERSHELL, powershell),
        ("activate.bat", _BATCH, batch),
        ("deactivate.bat", _BATCH_UNDO, batch),
    ):
        text = template.replace("@BIN@", folder).replace("@PROMPT@", quote(prompt)).replace("@ROOT@", quote(root))
        made[name] = text.replace("\n", "\r\n") if name.endswith(".bat") else text
    return made
