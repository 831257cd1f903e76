"""The fields of an upload: one multipart form, the core metadata by its field names (the legacy upload API)."""

from __future__ import annotations

from interlock.publish.distribution import Distribution

__all__ = ["form_fields"]

_NAMES = {"platforms": "platform", "supported_platforms": "supported_platform", "license_files": "license_file"}
"""Where a form's name is not that of the value."""


def form_fields(distribution: Distribution, attestations: str = "") -> dict[str, str | list[str]]:
    """Every field with its value or values; ``attestations`` is a JSON list (PEP 740)."""
    fields: dict[str, str | list[str]] = {":action": "file_upload", "protocol_version": "1"}
    for key, value in distribution.metadata.items():
        name = _NAMES.get(key, key)
        if key == "project_urls":
            fields[name] = [f"{label}, {url}" for label, url in value.items()]
        elif key == "keywords":
            fields[name] = ", ".join(value)
        elif isinstance(value, list):
            fields[name] = [str(item) for item in value]
        else:
            fields[name] = str(value)
    fields |= {
        "filetype": "bdist_wheel" if distribution.is_wheel else "sdist",
        "pyversion": distribution.python,
        "sha256_digest": distribution.sha256,
        "blake2_256_digest": distribution.blake2,
        "md5_digest": distribution.md5,
    }
    if attestations:
        fields["attestations"] = attestations
    return fields
