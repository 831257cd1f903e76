"""Attestations signed on this machine: the statement, the signature and the form are real, Sigstore's services are not.

A certificate comes from nobody but this test and the entry of the log is made up, so that no index would accept them;
what is held here is what we make of a signer, whoever it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from interlock.cli.surroundings import make_context, read_surroundings
from interlock.errors import InterlockError
from interlock.events import SILENT
from interlock.ops.publishing.publish import publish
from interlock.ops.publishing.report import PublishReport, PublishRequest
from interlock.publish.attestations import Sign, Signing
from interlock.publish.failures import TrustRefused
from interlock.settings.given import GlobalFlags
from interlock.workspace.selection import SelectionFlags
from tests.publish.conftest import Shop
from tests.publish.loopback_index import Proxy

attestations = pytest.importorskip("pypi_attestations")
x509 = pytest.importorskip("cryptography.x509")
dsse = pytest.importorskip("sigstore.dsse")
models = pytest.importorskip("sigstore.models")
rekor = pytest.importorskip("sigstore_models.rekor.v1")
ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")

WEB = PublishRequest(selection=SelectionFlags(packages=("web",)), attest=True)


class LocalSigner:
    """Stands where Sigstore's signer stands, with a key of its own."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(datetime.now(UTC)).not_valid_after(datetime.now(UTC) + timedelta(minutes=10))
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def sign_dsse(self, statement: Any) -> Any:
        nothing = base64.b64encode(b"made up").decode()
        proof = {"logIndex": "0", "rootHash": nothing, "treeSize": "1", "hashes": [], "checkpoint": {"envelope": "-"}}
        entry = {
            "logIndex": "0",
            "logId": {"keyId": nothing},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": "1",
            "inclusionPromise": {"signedEntryTimestamp": nothing},
            "inclusionProof": proof,
            "canonicalizedBody": nothing,
        }
        logged = models.TransparencyLogEntry(rekor.TransparencyLogEntry.from_dict(entry))
        return models.Bundle._from_parts(self.certificate, dsse._sign(self.key, statement), logged)


@contextmanager
def local(signer: LocalSigner) -> Iterator[Sign]:
    def sign(path: Path) -> str:
        made: str = attestations.Attestation.sign(signer, attestations.Distribution.from_file(path)).model_dump_json()
        return made

    yield sign


def broken() -> AbstractContextManager[Sign]:
    raise TrustRefused("The log does not answer.")


def published(request: PublishRequest, signing: Signing) -> PublishReport:
    context = make_context(GlobalFlags(), read_surroundings(os.environ), SILENT)
    return anyio.run(partial(publish, context, request, signing=signing))


def test_each_file_goes_with_the_signature_of_its_digest(shop: Shop, proxy: Proxy) -> None:
    signer = LocalSigner()
    assert published(WEB, partial(local, signer)).ok
    assert [name.partition("-")[0] for name in proxy.uploads] == ["web", "web"]
    for form, name in zip(proxy.forms, proxy.uploads, strict=True):
        field = re.search(rb'name="attestations"\r\n\r\n(.*?)\r\n--', form, re.DOTALL)
        assert field is not None
        (document,) = json.loads(field[1])
        made = attestations.Attestation.model_validate(document)
        statement = base64.b64decode(document["envelope"]["statement"])
        subject = json.loads(statement)["subject"]
        digest = hashlib.sha256((shop.dist / name).read_bytes()).hexdigest()
        assert subject == [{"name": name, "digest": {"sha256": digest}}]
        kind = b"application/vnd.in-toto+json"
        signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(statement), statement)
        certificate = x509.load_der_x509_certificate(base64.b64decode(document["verification_material"]["certificate"]))
        # Raises when the signature is of anything else.
        certificate.public_key().verify(
            base64.b64decode(document["envelope"]["signature"]), signed, ec.ECDSA(hashes.SHA256())
        )
        assert made.version == 1
        assert (shop.dist / f"{name}.publish.attestation").is_file()


def test_what_cannot_be_signed_is_not_uploaded(shop: Shop, proxy: Proxy) -> None:
    with pytest.raises(InterlockError, match="does not answer"):
        published(WEB, broken)
    assert proxy.uploads == []
