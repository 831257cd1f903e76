"""Certificates for servers on loopback, signed by an authority that nobody else knows."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any

import pytest

__all__ = ["make_certificates"]


def make_certificates(folder: Path) -> Path:
    """``ca/ca.pem``, and ``leaf.pem`` signed by it for 127.0.0.1, with its key; skips the test without the means."""
    x509 = pytest.importorskip("cryptography.x509")
    ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    now = datetime.datetime.now(datetime.UTC)
    ca_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, leaf_name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("authority", "loopback")
    )

    def usage(*, signs: bool) -> Any:
        rest = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
             "decipher_only", "crl_sign"), False
        )  # fmt: skip
        return x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, **rest)

    def sign(name: Any, key: Any, extension: Any) -> bytes:
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(extension, critical=True)
            # Newer Pythons ask for these (RFC 5280, 4.2.1.1 to 4.2.1.3).
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            .add_extension(usage(signs=key is ca_key), critical=True)
            .sign(ca_key, hashes.SHA256())
        )
        encoded: bytes = made.public_bytes(serialization.Encoding.PEM)
        return encoded

    (folder / "ca").mkdir()
    (folder / "ca" / "ca.pem").write_bytes(sign(ca_name, ca_key, x509.BasicConstraints(ca=True, path_length=None)))
    (folder / "ca" / "README").write_text("no certificate")
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    private = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "leaf.pem").write_bytes(sign(leaf_name, leaf_key, host) + private)
    return folder
