"""Products, read from the file that ships with the package."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from slugify import slugify

__all__ = ["Product", "find", "load"]


@dataclass(frozen=True)
class Product:
    title: str
    cents: int
    stock: int

    @property
    def slug(self) -> str:
        return slugify(self.title)

    @property
    def price(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02d}"


@cache
def load() -> tuple[Product, ...]:
    """Every product, by title."""
    text = resources.files("catalog").joinpath("products.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["product"]
    return tuple(sorted((Product(**row) for row in rows), key=lambda product: product.title))


def find(slug: str) -> Product | None:
    return next((product for product in load() if product.slug == slug), None)
