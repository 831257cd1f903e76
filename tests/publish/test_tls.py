"""Uploading over TLS: a certificate is trusted when it is named, and not before."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.publish.conftest import Shop
from tests.publish.loopback_index import LoopbackIndex, Proxy

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Certificate and key in one file, for the loopback address."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=loopback"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    both = tmp_path / "both.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return certificate


@pytest.fixture
def secure(server: LoopbackIndex, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    server.empty()
    proxy = Proxy(server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.parent / "both.pem")
    proxy.wrap(context)
    monkeypatch.setenv("INTERLOCK_PUBLISH_URL", proxy.url)
    monkeypatch.setenv("INTERLOCK_PUBLISH_CHECK_URL", "")
    monkeypatch.setenv("INTERLOCK_HTTP_RETRIES", "0")
    return proxy


@pytest.mark.parametrize("option", ["--cert", "--client-cert"])
def test_certificates_that_are_not_there_are_told(
    run: Run, shop: Shop, secure: Proxy, tmp_path: Path, option: str
) -> None:
    result = run("publish", "--package", "core", option, tmp_path / "none.pem", "--json")
    error = result.json()["error"]
    assert (result.code, error["code"], "none.pem" in error["message"]) == (2, "invalid-setting", True)
    secure.close()
    assert secure.uploads == []


def test_a_client_certificate_that_is_none_is_told(run: Run, shop: Shop, secure: Proxy, tmp_path: Path) -> None:
    (tmp_path / "odd.pem").write_text("nothing")
    error = run("publish", "--package", "core", "--client-cert", tmp_path / "odd.pem", "--json").json()["error"]
    assert (error["code"], "odd.pem" in error["message"]) == ("invalid-setting", True)
    secure.close()


def test_a_certificate_counts_when_it_is_named(run: Run, shop: Shop, secure: Proxy, certificate: Path) -> None:
    refused = run("publish", "--package", "core", "--check-url", "", "--json")
    assert refused.code == 1
    assert refused.json()["members"][0]["error"]["code"] == "upload-unreachable"
    assert secure.uploads == []
    assert run("publish", "--package", "core", "--check-url", "", "--cert", certificate).code == 0
    assert run("publish", "--package", "data", "--check-url", "", "--allow-insecure-host", "127.0.0.1").code == 0
    secure.close()
    assert len(secure.uploads) == 4
