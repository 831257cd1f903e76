"""The products of the shop: what they are called, what they cost, how many are left."""

from catalog.products import Product, find, load

__all__ = ["Product", "find", "load"]
