"""Attestations that go with a file (PEP 740): those that lie beside it, or made here with ``pypi-attestations``."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import msgspec

from interlock.publish.distribution import Distribution
from interlock.publish.failures import InvalidDistribution, PublisherMissing, TrustRefused

__all__ = ["attest", "read_attestations"]


def read_attestations(distribution: Distribution) -> str:
    """The JSON list for the form out of ``<file>.*.attestation``; empty when there are none. Blocking."""
    found = []
    for path in sorted(distribution.path.parent.glob(f"{_escaped(distribution.filename)}.*.attestation")):
        data = path.read_bytes()
        try:
            msgspec.json.decode(data, type=dict[str, object])
        except msgspec.MsgspecError as error:
            raise InvalidDistribution(f"{path.name} is not an attestation: {error}.") from error
        found.append(msgspec.Raw(data))
    return msgspec.json.encode(found).decode() if found else ""


def _escaped(name: str) -> str:
    return name.replace("[", "[[]")


def attest(distribution: Distribution) -> Path:
    """Sign a file with the identity of this CI; the attestation is written beside it. Blocking.

    Raises :class:`PublisherMissing` without the extra, :class:`TrustRefused` without an identity.
    """
    if find_spec("pypi_attestations") is None:
        raise PublisherMissing(
            "Attestations need the package `pypi-attestations`, which is not installed.",
            hint="Install Interlock with its extra: `interlock[attest]`.",
        )
    package, oidc, sign = (import_module(name) for name in ("pypi_attestations", "sigstore.oidc", "sigstore.sign"))
    identity = oidc.detect_credential()
    if identity is None:
        raise TrustRefused("Attestations need the identity of a CI, and there is none here.")
    models = import_module("sigstore.models")
    context = sign.SigningContext.from_trust_config(models.ClientTrustConfig.production())
    with context.signer(oidc.IdentityToken(identity)) as signer:
        made = package.Attestation.sign(signer, package.Distribution.from_file(distribution.path))
    path = distribution.path.with_name(f"{distribution.filename}.publish.attestation")
    path.write_text(made.model_dump_json(), encoding="utf-8")
    return path
