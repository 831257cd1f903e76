"""Attestations that go with a file (PEP 740): those that lie beside it, or made here with ``pypi-attestations``."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import msgspec

from interlock.publish.distribution import Distribution
from interlock.publish.failures import InvalidDistribution, PublisherMissing, TrustRefused
from interlock.store.replace import replace_file

__all__ = ["Sign", "Signing", "attest", "read_attestations", "sign_as_ci"]


class _Envelope(msgspec.Struct):
    statement: str


class _Attestation(msgspec.Struct):
    envelope: _Envelope


class _Subject(msgspec.Struct):
    digest: dict[str, str]


class _Statement(msgspec.Struct):
    subject: list[_Subject]


_DECODER = msgspec.json.Decoder(_Attestation)

Sign = Callable[[Path], str]
"""Signs a file; the attestation as JSON. Blocking."""
Signing = Callable[[], AbstractContextManager[Sign]]
"""Gets the means to sign the files of one run."""


def read_attestations(distribution: Distribution) -> str:
    """The JSON list for the form out of ``<file>.*.attestation``; empty when there are none. Blocking.

    Raises :class:`InvalidDistribution` for one that is of another file: it was built again since.
    """
    found = []
    for path in sorted(distribution.path.parent.glob(f"{_escaped(distribution.filename)}.*.attestation")):
        data = path.read_bytes()
        try:
            statement = msgspec.json.decode(base64.b64decode(_DECODER.decode(data).envelope.statement), type=_Statement)
        except (msgspec.MsgspecError, ValueError) as error:
            raise InvalidDistribution(f"{path.name} is not an attestation: {error}.") from error
        if distribution.sha256 not in [subject.digest.get("sha256") for subject in statement.subject]:
            raise InvalidDistribution(
                f"{path.name} attests another file than the {distribution.filename} that is there.",
                hint="Remove it, or sign again with --attest.",
            )
        found.append(msgspec.Raw(data))
    return msgspec.json.encode(found).decode() if found else ""


def _escaped(name: str) -> str:
    return name.replace("[", "[[]")


def attest(distribution: Distribution, sign: Sign) -> Path:
    """Sign a file; the attestation is written beside it. Blocking."""
    path = distribution.path.with_name(f"{distribution.filename}.publish.attestation")
    replace_file(path, sign(distribution.path).encode())
    return path


@contextmanager
def sign_as_ci() -> Iterator[Sign]:
    """Sign as this CI: with a certificate for its identity from Sigstore, and in Sigstore's public log. Blocking.

    Raises :class:`PublisherMissing` without the extra, :class:`TrustRefused` without an identity or a signature.
    """
    if find_spec("pypi_attestations") is None:
        raise PublisherMissing(
            "Attestations need the package `pypi-attestations`, which is not installed.",
            hint="Install Interlock with its extra: `interlock[attest]`.",
        )
    package, errors, models, oidc, signing = (
        import_module(name)
        for name in ("pypi_attestations", "sigstore.errors", "sigstore.models", "sigstore.oidc", "sigstore.sign")
    )
    try:
        identity = oidc.detect_credential()
        if identity is None:
            raise TrustRefused("Attestations need the identity of a CI, and there is none here.")
        context = signing.SigningContext.from_trust_config(models.ClientTrustConfig.production())
        with context.signer(oidc.IdentityToken(identity)) as signer:

            def sign(path: Path) -> str:
                made: str = package.Attestation.sign(signer, package.Distribution.from_file(path)).model_dump_json()
                return made

            yield sign
    except (package.AttestationError, errors.Error, oidc.IdentityError, OSError) as error:
        raise TrustRefused(f"Signing with the identity of this CI failed: {error}") from error
