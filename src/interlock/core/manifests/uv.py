"""The tool table in uv's spelling, ``[tool.uv]``: what of it means the same here, and what is only known."""

from __future__ import annotations

from interlock.core.manifests.settings import BUILD_KEYS, RESOLUTION_KEYS
from interlock.core.manifests.table import Table

__all__ = ["HONOURED", "check_keys"]

HONOURED = frozenset(
    {
        *RESOLUTION_KEYS,
        *BUILD_KEYS,
        "workspace",
        "sources",
        "dev-dependencies",
        "default-groups",
        "dependency-groups",
        "package",
        "managed",
        "add-bounds",
        "cache-keys",
    }
)
_OTHERS_READ = frozenset({"build-backend", "pip", "preview", "preview-features"})
"""Read by uv's build backend or by uv's own commands; they say nothing about a workspace."""
_NOT_HONOURED = frozenset(
    {
        "allow-insecure-host",
        "audit",
        "cache-dir",
        "check-url",
        "compile-bytecode",
        "concurrent-builds",
        "concurrent-downloads",
        "concurrent-installs",
        "extra-build-variables",
        "http-proxy",
        "https-proxy",
        "keyring-provider",
        "native-tls",
        "no-cache",
        "no-proxy",
        "offline",
        "publish-url",
        "pypy-install-mirror",
        "python-downloads",
        "python-downloads-json-url",
        "python-install-mirror",
        "python-preference",
        "reinstall",
        "reinstall-package",
        "system-certs",
        "torch-backend",
        "trusted-publishing",
        "upgrade",
        "upgrade-package",
    }
)


def check_keys(table: Table) -> None:
    """Warn of every key that is there and not honoured, whether it is known or not."""
    for key in table.values:
        if key in HONOURED or key in _OTHERS_READ:
            continue
        known = "is read but not honoured" if key in _NOT_HONOURED else "is not a known key and is not honoured"
        table.problems.warn(f"`{'.'.join((*table.where, key))}` {known}.")
