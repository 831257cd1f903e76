"""What can go wrong in publishing, as errors that carry their evidence. Every URL in them is redacted."""

from __future__ import annotations

from interlock.errors import PublishError

__all__ = [
    "DifferentFile",
    "HeldBack",
    "InvalidDistribution",
    "NotPublishable",
    "NotVisible",
    "PublisherMissing",
    "TrustRefused",
    "UploadRedirected",
    "UploadRefused",
    "UploadUnauthorized",
    "UploadUnreachable",
]


class InvalidDistribution(PublishError):
    """A file is no sdist or wheel, or says nothing of itself that can be used."""

    code = "invalid-distribution"


class NotPublishable(PublishError):
    """Something is wrong with what should be published; nothing was uploaded."""

    code = "not-publishable"


class DifferentFile(PublishError):
    """The index has a file of the same name with other content."""

    code = "different-file-exists"


class UploadRefused(PublishError):
    """The index does not want the file."""

    code = "upload-refused"


class UploadUnauthorized(PublishError):
    """The index does not know us, or does not let us."""

    code = "upload-unauthorized"


class UploadRedirected(PublishError):
    """The upload address leads elsewhere; an upload is never sent on, since credentials go with it."""

    code = "upload-redirected"


class UploadUnreachable(PublishError):
    """No answer, or a failing server."""

    code = "upload-unreachable"


class NotVisible(PublishError):
    """The index took a file and does not show it."""

    code = "upload-not-visible"


class HeldBack(PublishError):
    """A member that this one needs was not published."""

    code = "held-back"


class TrustRefused(PublishError):
    """Trusted publishing did not give a token."""

    code = "trusted-publishing"


class PublisherMissing(PublishError):
    """Something optional is needed that is not installed."""

    code = "publisher-missing"
