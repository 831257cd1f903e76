"""The second process of a run that reads many pages: reads them fast and stores them.

Orders come on standard input and answers go to standard output, each as a length of four bytes and msgpack; answers in
the order of the orders. The end of the input is the end of the process, so that it never outlives the run.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from interlock.core.names import NormalizedName
from interlock.index.fast_page import FastPage, read_fast_page
from interlock.index.page_cache import CachedPage, PageCache, Validators
from interlock.index.pages import page_of
from interlock.store.layout import Layout

__all__ = ["LENGTH", "Answer", "Order", "main"]

LENGTH = 4
"""Bytes that say how long what follows is, the most significant first."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """A page to look at."""

    name: NormalizedName
    index: str
    url: str
    body: str
    """Path of a file that holds the page."""
    store: str
    key: str
    """The index's folder in the cache."""
    validators: Validators


class Answer(msgspec.Struct, frozen=True, array_like=True):
    name: NormalizedName
    found: FastPage | None
    """None when the page takes a closer look."""


def main() -> None:
    """Answer orders until there are no more; a page is stored once its answer is given."""
    # Nothing here refers to itself, and a page makes a hundred thousand values.
    gc.disable()
    given, taken = sys.stdin.buffer, sys.stdout.buffer
    decoder = msgspec.msgpack.Decoder(Order)
    while (data := _message(given)) is not None:
        order = decoder.decode(data)
        body = Path(order.body).read_bytes()
        os.unlink(order.body)
        found = read_fast_page(order.name, order.url, body)
        answer = msgspec.msgpack.encode(Answer(order.name, found))
        taken.write(len(answer).to_bytes(LENGTH, "big") + answer)
        taken.flush()
        if found is not None:
            page, _ = page_of(found, order.name, order.index, body)
            PageCache(Layout(Path(order.store))).save(order.key, order.name, CachedPage(order.validators, page))


def _message(given: BinaryIO) -> bytes | None:
    length = given.read(LENGTH)
    return given.read(int.from_bytes(length, "big")) if len(length) == LENGTH else None


if __name__ == "__main__":
    main()
