"""Looks through the stock every hour and says what has to be ordered."""

from __future__ import annotations

import argparse
import time

import schedule
from catalog import Product, load

__all__ = ["main", "to_order"]

FEW = 3


def to_order(products: tuple[Product, ...]) -> list[str]:
    """The slugs of what is running out, scarcest first."""
    return [product.slug for product in sorted(products, key=lambda item: item.stock) if product.stock < FEW]


def report() -> None:
    print("to order:", ", ".join(to_order(load())) or "nothing")


def main() -> None:
    parser = argparse.ArgumentParser(prog="storefront-worker", description="Watch the stock.")
    parser.add_argument("--once", action="store_true", help="report once and end")
    schedule.every().hour.do(report)
    schedule.run_all()
    if not parser.parse_args().once:
        while True:
            schedule.run_pending()
            time.sleep(1)
