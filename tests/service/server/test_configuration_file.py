"""What a configuration says, and how it is told what is wrong with it: file and line, all at once."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from interlock.service.server.configuration import Configuration, Login, ServedIndex, Tls, may_use
from interlock.service.server.configuration_file import BadConfiguration, load_configuration, parse_configuration
from interlock.service.server.limits import Limits
from interlock.service.state.scopes import Scope
from interlock.service.state.tokens import Token
from tests.certificates import make_certificates

DIGEST = "ab" * 32


def parse(text: str, folder: Path = Path("/etc/interlock"), pypi: str = "") -> Configuration:
    return parse_configuration(text, folder / "service.toml", pypi)


def test_an_empty_file_serves_pypi_from_where_it_is_here() -> None:
    assert parse("").indexes == (ServedIndex(name="pypi"),)
    assert parse("", pypi="https://mirror.test/simple/").indexes[0].url == "https://mirror.test/simple/"


def test_everything_there_is_to_say(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    make_certificates(tmp_path)
    file = tmp_path / "service.toml"
    file.write_text(
        f"""
        trusted-proxies = ["10.0.0.0/8", "::1"]
        file-hosts = ["https://files.test"]

        [[index]]
        name = "pypi"

        [[index]]
        name = "company"
        url = "https://index.test/simple"
        username = "svc"
        password-file = "password"
        reserved = ["Acme_*"]
        tokens = ["ci", "team-*"]

        [[index]]
        name = "all"
        includes = ["company", "pypi"]

        [[index]]
        name = "own"
        uploads = true
        reserved = ["tools-*"]

        [[token]]
        name = "ci"
        sha256 = "{DIGEST}"
        scopes = ["read", "cache:read"]
        indexes = ["company"]
        expires = 2027-01-31

        [limits]
        max-body-bytes = 1000
        requests-per-second = 5

        [tls]
        certificate = "leaf.pem"
        key = "leaf.pem"
        """
    )
    found = load_configuration(file)
    pypi, company, every, own = found.indexes
    assert pypi == ServedIndex(name="pypi")
    assert (company.url, company.login) == ("https://index.test/simple/", Login("svc", "secret"))
    assert (company.reserved, company.tokens) == (("acme-*",), ("ci", "team-*"))
    assert every.includes == ("company", "pypi")
    assert (own.uploads, own.reserved) == (True, ("tools-*",))
    (token,) = found.tokens
    assert token.digest.hex() == DIGEST
    assert token.token.scopes == {Scope.READ, Scope.CACHE_READ}
    assert token.token.indexes == frozenset({"company"})
    assert token.token.expires == 1801353600
    assert found.limits == Limits(max_body_bytes=1000, requests_per_second=5)
    assert found.tls == Tls(str(tmp_path / "leaf.pem"), str(tmp_path / "leaf.pem"))
    assert found.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert found.file_hosts == ("https://files.test",)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[[index]\n", 1, "this is not valid TOML"),
        ("index = 1\n", 1, "must be a list of tables"),
        ("[limits]\nmax-body-byte = 1\n", 2, "is not a known key. Did you mean `max-body-bytes`?"),
        ("[limits]\nmax-body-bytes = 0\n", 2, "must be a whole number from 1 on"),
        ("[limits]\nmax-body-bytes = true\n", 2, "must be a whole number from 1 on"),
        ('[[index]]\nname = "Big"\n', 2, "must be lower case letters"),
        ('[[index]]\nname = "company"\n', 2, "has no `url`; only `pypi` needs none"),
        ('[[index]]\nname = "a"\nurl = "file:///etc/"\n', 3, "must be the address of a simple API"),
        ('[[index]]\nname = "a"\nurl = "https://x.test/"\nincludes = ["b"]\n', 4, "stands beside `url`"),
        ('[[index]]\nname = "a"\nincludes = ["b"]\n', 3, "includes `b`, which is no index with a URL here"),
        ('[[index]]\nname = "a"\nurl = "https://x.test/"\nuploads = true\n', 4, "no names are `reserved`"),
        ('[[index]]\nname = "pypi"\n[[index]]\nname = "pypi"\n', 2, "has two entries named `pypi`"),
        ('[[index]]\nname = "pypi"\npassword-file = "gone"\n', 3, "is `gone`, which cannot be read"),
        ('[[index]]\nname = "pypi"\nreserved = ["a b"]\n', 3, "has `a b`, which is not a pattern of names"),
        ('[[token]]\nname = "a"\nsha256 = "abc"\n', 3, "must be the SHA-256 of the token"),
        (f'[[token]]\nname = "a"\nsha256 = "{DIGEST}"\nscopes = ["reed"]\n', 4, "Did you mean `read`?"),
        (f'[[token]]\nname = "a"\nsha256 = "{DIGEST}"\nexpires = "soon"\n', 4, "must be a date or a time"),
        (f'[[token]]\nname = "a"\nsha256 = "{DIGEST}"\nindexes = ["b"]\n', 4, "names the index `b`, which is not here"),
        ('[tls]\ncertificate = "cert.pem"\n', 2, "is `cert.pem`, which is not a file"),
        ('trusted-proxies = ["everybody"]\n', 1, "has `everybody`, which is not a network"),
        ('file-hosts = ["files.test"]\n', 1, "has `files.test`, which is not like https://files.test"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(text: str, line: int, message: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        parse(text)
    assert f"/etc/interlock/service.toml:{line}" in caught.value.message
    assert message in caught.value.message


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BadConfiguration, match="has 4 problems"):
        parse('colour = "red"\n[limits]\nidle-seconds = -1\n[tls]\n')


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="cannot be read: No such file"):
        load_configuration(tmp_path / "gone.toml")


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "leaf.pem").write_text("nothing")
    with pytest.raises(BadConfiguration, match=r"service.toml:2: `tls.certificate` cannot be used with `key`"):
        parse('[tls]\ncertificate = "leaf.pem"\nkey = "leaf.pem"\n', tmp_path)


def test_logins_are_taken_out_of_addresses_and_shown_nowhere() -> None:
    found = parse('[[index]]\nname = "a"\nurl = "https://ann:secret@index.test/simple/"\n')
    assert found.indexes[0].url == "https://index.test/simple/"
    assert found.indexes[0].login == Login("ann", "secret")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("index", "restriction", "allowed"),
    [
        (ServedIndex(name="a"), None, True),
        (ServedIndex(name="a", tokens=("ci",)), None, True),
        (ServedIndex(name="a", tokens=("c*",)), None, True),
        (ServedIndex(name="a", tokens=("team",)), None, False),
        (ServedIndex(name="a", tokens=()), None, False),
        (ServedIndex(name="a"), frozenset({"a"}), True),
        (ServedIndex(name="a"), frozenset({"b"}), False),
        (ServedIndex(name="a", tokens=("team",)), frozenset({"a"}), False),
    ],
)
def test_an_index_is_for_a_token_when_both_say_so(
    index: ServedIndex, restriction: frozenset[str] | None, allowed: bool
) -> None:
    token = Token(id="0", name="ci", scopes=frozenset(), indexes=restriction)
    assert may_use(token, index) is allowed
    assert (index.name in Configuration(indexes=(index,)).indexes_of(token)) is allowed
