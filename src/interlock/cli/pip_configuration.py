"""pip's configuration files, as far as they say where packages come from (https://pip.pypa.io/en/stable/topics/configuration/)."""

from __future__ import annotations

from collections.abc import Iterable

from interlock.settings.given import PipSettings

__all__ = ["parse_pip_configuration"]


def parse_pip_configuration(texts: Iterable[str]) -> PipSettings:
    """Read files in order of growing priority; only ``[global]`` and ``[install]`` count, the latter more.

    >>> parse_pip_configuration(["[global]\\nindex-url = https://index.test/simple/\\n"]).index_url
    'https://index.test/simple/'
    """
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for text in texts:
        for section, key, value in _entries(text):
            if section in found:
                found[section][key] = value
    values = found["global"] | found["install"]
    return PipSettings(
        index_url=values.get("index-url", ""),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        cert=values.get("cert", ""),
    )


def _entries(text: str) -> list[tuple[str, str, str]]:
    """Section, key and value of each entry of an INI file; an indented line continues a value."""
    entries: list[tuple[str, str, str]] = []
    section = ""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if bare.startswith("[") and bare.endswith("]"):
            section = bare[1:-1].strip().lower()
        elif line[0].isspace() and entries:
            before = entries.pop()
            entries.append((before[0], before[1], f"{before[2]} {bare}".strip()))
        else:
            place = min((at for at in (bare.find("="), bare.find(":")) if at >= 0), default=len(bare))
            key = bare[:place].strip().lower().replace("_", "-")
            entries.append((section, key, bare[place + 1 :].strip()))
    return entries
