"""The activation scripts of an environment, one per shell; each can be undone with ``deactivate``."""

from __future__ import annotations

__all__ = ["activation_scripts"]

_SH = """\
# Use with "source bin/activate" in sh, bash, zsh, dash or ksh; undo with "deactivate".
deactivate () {
    if [ -n "${_INTERLOCK_PATH+set}" ]; then PATH="$_INTERLOCK_PATH"; export PATH; unset _INTERLOCK_PATH; fi
    if [ -n "${_INTERLOCK_HOME+set}" ]; then PYTHONHOME="$_INTERLOCK_HOME"; export PYTHONHOME; unset _INTERLOCK_HOME; fi
    if [ -n "${_INTERLOCK_PS1+set}" ]; then PS1="$_INTERLOCK_PS1"; export PS1; unset _INTERLOCK_PS1; fi
    unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    hash -r 2>/dev/null || true
    if [ "${1:-}" != keep ]; then unset -f deactivate; fi
}
deactivate keep
VIRTUAL_ENV=@ROOT@
VIRTUAL_ENV_PROMPT=@PROMPT@
export VIRTUAL_ENV VIRTUAL_ENV_PROMPT
_INTERLOCK_PATH="$PATH"
PATH="$VIRTUAL_ENV/@BIN@:$PATH"
export PATH
if [ -n "${PYTHONHOME+set}" ]; then _INTERLOCK_HOME="$PYTHONHOME"; unset PYTHONHOME; fi
if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT:-}" ]; then
    _INTERLOCK_PS1="${PS1:-}"
    PS1="($VIRTUAL_ENV_PROMPT) ${PS1:-}"
    export PS1
fi
hash -r 2>/dev/null || true
"""

_FISH = """\
# Use with "source bin/activate.fish"; undo with "deactivate".
function deactivate
    if set -q _INTERLOCK_PATH; set -gx PATH $_INTERLOCK_PATH; set -e _INTERLOCK_PATH; end
    if set -q _INTERLOCK_HOME; set -gx PYTHONHOME $_INTERLOCK_HOME; set -e _INTERLOCK_HOME; end
    if functions -q _interlock_fish_prompt
        functions -e fish_prompt
        functions -c _interlock_fish_prompt fish_prompt
        functions -e _interlock_fish_prompt
    end
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    if test "$argv[1]" != keep; functions -e deactivate; end
end
deactivate keep
set -gx VIRTUAL_ENV @ROOT@
set -gx VIRTUAL_ENV_PROMPT @PROMPT@
set -g _INTERLOCK_PATH $PATH
set -gx PATH "$VIRTUAL_ENV/@BIN@" $PATH
if set -q PYTHONHOME; set -g _INTERLOCK_HOME $PYTHONHOME; set -e PYTHONHOME; end
if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt _interlock_fish_prompt
    function fish_prompt
        set -l before $status
        printf '(%s) ' $VIRTUAL_ENV_PROMPT
        sh -c "exit $before"
        _interlock_fish_prompt
    end
end
"""

_CSH = """\
# Use with "source bin/activate.csh" in csh or tcsh; undo with "deactivate".
alias deactivate 'if ($?_INTERLOCK_PATH) setenv PATH "$_INTERLOCK_PATH"; unset _INTERLOCK_PATH; \\
if ($?_INTERLOCK_PROMPT) set prompt="$_INTERLOCK_PROMPT"; unset _INTERLOCK_PROMPT; \\
unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT; rehash'
setenv VIRTUAL_ENV @ROOT@
setenv VIRTUAL_ENV_PROMPT @PROMPT@
if (! $?_INTERLOCK_PATH) set _INTERLOCK_PATH="$PATH"
setenv PATH "$VIRTUAL_ENV/@BIN@:$_INTERLOCK_PATH"
if ($?prompt && ! $?VIRTUAL_ENV_DISABLE_PROMPT) then
    if (! $?_INTERLOCK_PROMPT) set _INTERLOCK_PROMPT="$prompt"
    set prompt="($VIRTUAL_ENV_PROMPT) $_INTERLOCK_PROMPT"
endif
rehash
"""

_POWERSHELL = """\
# Use with ". Activate.ps1"; undo with "deactivate".
function global:deactivate([switch]$Keep) {
    if (Test-Path Env:_INTERLOCK_PATH) { $Env:PATH = $Env:_INTERLOCK_PATH; Remove-Item Env:_INTERLOCK_PATH }
    if (Test-Path Env:_INTERLOCK_HOME) { $Env:PYTHONHOME = $Env:_INTERLOCK_HOME; Remove-Item Env:_INTERLOCK_HOME }
    if (Test-Path Function:_INTERLOCK_PROMPT) {
        Copy-Item Function:_INTERLOCK_PROMPT Function:prompt
        Remove-Item Function:_INTERLOCK_PROMPT
    }
    if (Test-Path Env:VIRTUAL_ENV) { Remove-Item Env:VIRTUAL_ENV }
    if (Test-Path Env:VIRTUAL_ENV_PROMPT) { Remove-Item Env:VIRTUAL_ENV_PROMPT }
    if (-not $Keep) { Remove-Item Function:deactivate }
}
deactivate -Keep
$Env:VIRTUAL_ENV = @ROOT@
$Env:VIRTUAL_ENV_PROMPT = @PROMPT@
$Env:_INTERLOCK_PATH = $Env:PATH
$Env:PATH = (Join-Path $Env:VIRTUAL_ENV '@BIN@') + [IO.Path]::PathSeparator + $Env:PATH
if (Test-Path Env:PYTHONHOME) { $Env:_INTERLOCK_HOME = $Env:PYTHONHOME; Remove-Item Env:PYTHONHOME }
if (-not $Env:VIRTUAL_ENV_DISABLE_PROMPT) {
    Copy-Item Function:prompt Function:global:_INTERLOCK_PROMPT
    function global:prompt { "($Env:VIRTUAL_ENV_PROMPT) " + (_INTERLOCK_PROMPT) }
}
"""

_BATCH = """\
@echo off
if defined _INTERLOCK_PATH set "PATH=%_INTERLOCK_PATH%"
if defined _INTERLOCK_PROMPT set "PROMPT=%_INTERLOCK_PROMPT%"
set "VIRTUAL_ENV=@ROOT@"
set "VIRTUAL_ENV_PROMPT=@PROMPT@"
set "_INTERLOCK_PATH=%PATH%"
set "PATH=%VIRTUAL_ENV%\\@BIN@;%PATH%"
set PYTHONHOME=
if not defined PROMPT set "PROMPT=$P$G"
set "_INTERLOCK_PROMPT=%PROMPT%"
if not defined VIRTUAL_ENV_DISABLE_PROMPT set "PROMPT=(%VIRTUAL_ENV_PROMPT%) %PROMPT%"
"""

_BATCH_UNDO = """\
@echo off
if defined _INTERLOCK_PATH set "PATH=%_INTERLOCK_PATH%"
if defined _INTERLOCK_PROMPT set "PROMPT=%_INTERLOCK_PROMPT%"
set _INTERLOCK_PATH=
set _INTERLOCK_PROMPT=
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
        return sh(text).replace("!", "\\!")

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
