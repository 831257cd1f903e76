"""Compressing with zstd, where there is a library for it: Python's own from 3.14 on, or what the extra brings."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from interlock.packs.refusals import BadPack

__all__ = ["compress", "decompress", "has_zstd"]

_LEVEL, _QUICK = 10, 3
_LONG = 64 << 20
"""Bytes from which on the quick level is used: a tenth more to send, made in a third of the time."""
_LARGEST_WINDOW = 28
"""Of 256 MiB: a wheel's contents (:data:`interlock.packs.plain_zip.MOST_PLAIN`) with what is around the same place of
another version's. Whoever decompresses has as much memory for it."""
_IS_PYTHONS_OWN = sys.version_info >= (3, 14)


def has_zstd() -> bool:
    return _IS_PYTHONS_OWN or (find_spec("backports") is not None and find_spec("backports.zstd") is not None)


def compress(data: bytes, base: bytes = b"") -> bytes:
    """A frame; ``base`` is what whoever reads it has already."""
    zstd = _library()
    parameter = zstd.CompressionParameter
    window = min(_LARGEST_WINDOW, max(20, (len(data) + len(base)).bit_length()))
    level = _QUICK if len(data) > _LONG else _LEVEL
    options = {parameter.compression_level: level, parameter.window_log: window, parameter.checksum_flag: 0}
    if base:
        options[parameter.enable_long_distance_matching] = 1
    made: bytes = zstd.compress(data, options=options, zstd_dict=_prefix(zstd, base))
    return made


def decompress(frame: bytes, size: int, base: bytes = b"") -> bytes:
    """What a frame was made of, at most ``size`` bytes. Raises :class:`BadPack`."""
    zstd = _library()
    options = {zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
    reader = zstd.ZstdDecompressor(zstd_dict=_prefix(zstd, base), options=options)
    try:
        data: bytes = reader.decompress(frame, max_length=size + 1)
    except zstd.ZstdError as error:
        raise BadPack(f"a frame cannot be decompressed ({error})") from error
    if len(data) != size or not reader.eof or reader.unused_data:
        raise BadPack("a frame does not have the size that it declares")
    return data


def _prefix(zstd: Any, base: bytes) -> Any:
    return zstd.ZstdDict(base, is_raw=True).as_prefix if len(base) >= 8 else None


def _library() -> Any:
    return import_module("compression.zstd") if _IS_PYTHONS_OWN else import_module("backports.zstd")
