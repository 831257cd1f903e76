"""Text that people's editors and shells wrote: UTF-8, or what its byte order mark says."""

from __future__ import annotations

import codecs

__all__ = ["decode_text"]

_MARKS = (
    # The mark of UTF-16 in little endian is the beginning of that of UTF-32.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(data: bytes) -> str:
    """The text without its mark. Raises :class:`UnicodeDecodeError`.

    >>> decode_text(b"\\xef\\xbb\\xbfsix"), decode_text(b"\\xff\\xfes\\0i\\0x\\0"), decode_text(b"six")
    ('six', 'six', 'six')
    """
    return data.decode(next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8"))
