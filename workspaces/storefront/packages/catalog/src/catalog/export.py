"""The catalogue as a spreadsheet; needs the ``export`` extra."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook

from catalog.products import load

__all__ = ["write_spreadsheet"]


def write_spreadsheet(target: Path) -> int:
    """Write one row per product and return how many there are."""
    book = Workbook()
    sheet = book.active
    sheet.append(["Title", "Price", "Stock"])
    for product in load():
        sheet.append([product.title, product.cents / 100, product.stock])
    book.save(target)
    return len(load())
