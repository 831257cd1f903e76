"""What the index refuses. What says that there is nothing, or that a name is not for everybody, has always the same
bytes, whatever was asked for.
"""

from __future__ import annotations

from interlock.service.refusals import Refusal

__all__ = ["AlreadyThere", "BadUpload", "FormatRefused", "NotOnIndex", "ReservedName", "StoreTrouble", "UploadTooLarge"]


class NotOnIndex(Refusal):
    """There is no such index, package or file, or none for who asks."""

    code = "not-on-index"
    status = 404

    def __init__(self) -> None:
        super().__init__("There is no such thing here.", hint="Check the names of the index and of the package.")


class ReservedName(Refusal):
    """A name comes from elsewhere, whether there is such a package or not; 404 would send clients to other indexes."""

    code = "reserved-name"
    status = 403

    def __init__(self) -> None:
        super().__init__("This name is not for this index.", hint="Ask the index that the name is reserved for.")


class FormatRefused(Refusal):
    """A client takes none of the formats of a page."""

    code = "format-refused"
    status = 406

    def __init__(self) -> None:
        super().__init__("Pages are JSON or HTML (PEP 691), and neither is accepted.", hint="Accept one of them.")


class StoreTrouble(Refusal):
    """The system does not let the service write or read its files."""

    code = "store-trouble"
    status = 507

    def __init__(self, error: OSError) -> None:
        why = (error.strerror or str(error) or type(error).__name__).lower()
        super().__init__(
            f"The service cannot keep what was asked for: {why}.",
            hint="Whoever runs the service has to look at its disk and its rights.",
            facts={"why": why, "errno": error.errno},
        )


class BadUpload(Refusal):
    """What is uploaded is not a package that could be served."""

    code = "bad-upload"

    def __init__(self, filename: str, why: str) -> None:
        super().__init__(
            f"{filename or 'The upload'} is not taken: {why}.",
            hint="Build it again and upload it as it is built. Nothing of it was stored.",
            facts={"filename": filename, "why": why},
        )


class UploadTooLarge(Refusal):
    """An upload has more bytes than are taken."""

    code = "upload-too-large"
    status = 413

    def __init__(self, filename: str, most: int) -> None:
        super().__init__(
            f"{filename} is not taken: it has more than {most} bytes.",
            hint="Whoever runs the service can raise the limit. Nothing of it was stored.",
            facts={"filename": filename, "most": most},
        )


class AlreadyThere(Refusal):
    """Another file of that name is there; published files never change."""

    code = "file-already-there"
    status = 409

    def __init__(self, filename: str, index: str) -> None:
        super().__init__(
            f"There is another {filename} on index `{index}` already; a published file never changes (already exists).",
            hint="Raise the version, or upload the very same bytes.",
            facts={"filename": filename, "index": index},
        )
