"""What Poetry's settings are here, for those whose fingers know them."""

from __future__ import annotations

__all__ = ["poetry_setting_hint"]

_HERE = {
    "virtualenvs.in-project": "Environments are always in the workspace; `interlock config --local env member` gives"
    " every member its own.",
    "virtualenvs.create": "There is always one; `interlock config active true` takes the one that is active.",
    "virtualenvs.path": "The variable INTERLOCK_PROJECT_ENVIRONMENT names another place.",
    "virtualenvs.prompt": "`interlock venv --prompt NAME` makes an environment with one.",
    "virtualenvs.prefer-active-python": "`interlock config python 3.12`, or `interlock python pin 3.12`.",
    "virtualenvs.use-poetry-python": "`interlock config python 3.12`, or `interlock python pin 3.12`.",
    "installer.max-workers": "`concurrent-downloads`, `concurrent-builds` and `concurrent-installs` are bounds here.",
    "installer.parallel": "`interlock config concurrent-installs 1` does one after the other.",
    "installer.no-binary": "`interlock config --local no-binary true`, or `--no-binary-package NAME`.",
    "installer.only-binary": "`interlock config --local no-build true`, or `--no-build-package NAME`.",
    "keyring.enabled": "`interlock config keyring-provider import`, or `disabled`.",
    "requests.max-retries": "`interlock config http-retries 3`.",
    "certificates": "`interlock config ca-bundle FILE` and `interlock config client-cert FILE` count for every index.",
    "repositories": "`interlock source add NAME URL`; `publish-url` of that index is where uploads go.",
}


def poetry_setting_hint(key: str) -> str | None:
    """Where to find what a setting of Poetry does; None for what is not one of them.

    >>> poetry_setting_hint("repositories.inner")
    '`interlock source add NAME URL`; `publish-url` of that index is where uploads go.'
    """
    return _HERE.get(key) or _HERE.get(key.partition(".")[0])
