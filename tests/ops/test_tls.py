"""An index behind TLS, from the command line: whom one trusts, and who one is."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import make_certificates
from tests.index_server import IndexServer
from tests.registry import Registry
from tests.shop import Shop


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    (tmp_path / "tls").mkdir()
    return make_certificates(tmp_path / "tls")


@pytest.fixture
def context(certificates: Path) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificates / "leaf.pem")
    return found


@pytest.fixture
def behind(
    shop: Shop,
    packages: Registry,
    index: Callable[..., IndexServer],
    context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Shop:
    """The workspace with an index that nobody trusts yet."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "PIP_CONFIG_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", index(packages, tls=context).url)
    return shop


def test_an_unknown_authority_is_refused_and_nothing_is_written(behind: Shop) -> None:
    result = behind.run("lock", "--json", code=None)
    assert result.code == 1
    assert "certificate" in result.json()["error"]["message"].lower()
    assert not behind.lockfile.exists()


def test_one_that_is_named_is_trusted(behind: Shop, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = certificates / "ca" / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    behind.run("lock")
    monkeypatch.delenv("SSL_CERT_FILE")
    behind.run("config", "ca-bundle", bundle)
    behind.lockfile.unlink()
    behind.run("lock")
    behind.run("sync", "--package", "catalog")


def test_the_host_may_be_excused(behind: Shop) -> None:
    behind.run("lock", "--allow-insecure-host", "127.0.0.1")


def test_a_bundle_that_is_not_there_is_told(behind: Shop, tmp_path: Path) -> None:
    behind.run("config", "ca-bundle", tmp_path / "nowhere.pem")
    result = behind.run("lock", code=None)
    assert result.code == 1
    assert "nowhere.pem" in result.err
    assert "internal" not in result.err


def test_an_index_may_ask_who_we_are(behind: Shop, certificates: Path, context: ssl.SSLContext) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates / "ca" / "ca.pem")
    behind.run("config", "ca-bundle", certificates / "ca")
    assert behind.run("lock", code=None).code == 1
    behind.run("config", "client-cert", certificates / "leaf.pem")
    behind.run("lock")
