"""Which lock service is asked, and that a token goes to no other one."""

from __future__ import annotations

import pytest

from interlock.core.settings.service import ServiceSettings, service_place, service_problem, service_settings
from interlock.core.settings.variables import InvalidSetting, Variables

URL = "https://locks.test"


def take_login(url: str) -> tuple[str, tuple[str, str] | None]:
    scheme, _, rest = url.partition("://")
    login, at, host = rest.rpartition("@")
    user, _, password = login.partition(":")
    return (f"{scheme}://{host}", (user, password)) if at else (url, None)


@pytest.mark.parametrize(
    ("environ", "named", "approved", "found"),
    [
        ({}, "", [], ServiceSettings()),
        ({}, URL, [], ServiceSettings(not_approved=URL)),
        ({}, f"{URL}/", [f"{URL}/"], ServiceSettings(url=URL, token="stored")),
        ({}, f"https://ann:pw@{URL[8:]}", [], ServiceSettings(not_approved=URL)),
        ({"INTERLOCK_SERVICE": f"{URL}/"}, "https://other.test", [], ServiceSettings(url=URL, token="stored")),
        ({"INTERLOCK_SERVICE": "https://a:pw@m.test"}, URL, [URL], ServiceSettings(url="https://m.test", token="pw")),
        ({"INTERLOCK_SERVICE": "https://tok@m.test"}, "", [], ServiceSettings(url="https://m.test", token="tok")),
        ({"INTERLOCK_SERVICE": URL, "INTERLOCK_SERVICE_TOKEN": "t"}, "", [], ServiceSettings(url=URL, token="t")),
    ],
)  # fmt: skip
def test_the_environment_decides_before_what_the_workspace_names_and_the_user_approved(
    environ: dict[str, str], named: str, approved: list[str], found: ServiceSettings
) -> None:
    stored = {URL: ("", "stored")}
    assert service_settings(Variables(environ), named, approved, stored, take_login) == found


@pytest.mark.parametrize("url", ["locks.test", "ftp://locks.test", "https://", "https:///"])
def test_what_is_no_address_is_told(url: str) -> None:
    assert "not an address" in service_problem(url)
    with pytest.raises(InvalidSetting, match="INTERLOCK_SERVICE is"):
        service_settings(Variables({"INTERLOCK_SERVICE": url}), "", [], {}, take_login)


def test_a_socket_is_named_in_the_host_or_by_the_path() -> None:
    assert service_place("http+unix://%2Frun%2Flocks/cache") == ("http://localhost/cache", "/run/locks")
    assert service_place("http+unix:///run/locks") == ("http://localhost", "/run/locks")
    assert service_place(URL) == (URL, "")
