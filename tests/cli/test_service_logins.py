"""`interlock auth` with a service: a token by its address."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from interlock.cli.configuration import read_logins
from interlock.core.settings.service import service_settings
from interlock.core.settings.variables import Variables
from interlock.core.sources.logins import take_login
from tests.cli.conftest import Run

URL = "https://locks.example"


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INTERLOCK_AUTH_FILE", str(tmp_path / "auth.toml"))
    return tmp_path / "auth.toml"


def test_a_token_of_a_service_is_kept_shown_and_forgotten(run: Run, file: Path) -> None:
    result = run("auth", "login", f"{URL}/", "--token", "secret")
    assert (result.code, result.out) == (0, "")
    assert "warning" not in result.err
    assert "secret" not in result.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for address in (URL, f"{URL}/"):
        assert run("auth", "token", address).out == "secret\n"
    assert json.loads(run("auth", "token", URL, "--json").out) == {"username": "__token__", "password": "secret"}
    assert run("auth", "logout", URL).code == 0
    assert run("auth", "token", URL).code == 2
    assert run("auth", "logout", URL).code == 2


def test_a_token_is_sent_to_the_service_that_it_was_stored_for(run: Run) -> None:
    run("auth", "login", URL, "--token", "secret")
    logins = read_logins(os.environ)
    assert service_settings(Variables({}), f"{URL}/", [URL], logins, take_login).token == "secret"
    assert service_settings(Variables({"INTERLOCK_SERVICE": URL}), "", [], logins, take_login).token == "secret"
    other = Variables({"INTERLOCK_SERVICE": "https://other.example"})
    assert service_settings(other, "", [], logins, take_login).token == ""
