"""``interlock serve pack-key``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.cli.services import ServeExtraMissing, data_folder
from interlock.service.state.data_folder import open_folder
from interlock.service.state.pack_key import can_sign, pack_signer
from interlock.service.state.tokens import TokenStore

__all__ = ["run"]


def run(call: Call) -> int:
    """Raises :class:`ServeExtraMissing` where nothing could be signed."""
    if not can_sign():
        raise ServeExtraMissing(
            "Signing packs needs `cryptography`, and before Python 3.14 `backports.zstd`; one is not installed.",
            hint="Install the extra: `pip install interlock[serve]`.",
        )
    folder = open_folder(data_folder(call))
    # A folder with a database is a service's.
    TokenStore(folder.database).close()
    line = pack_signer(folder).public_line
    if call.json:
        call.document({"key": line})
    else:
        call.terminal.data(line)
    return 0
