"""``storefront list`` and ``storefront export``."""

from __future__ import annotations

from pathlib import Path

import click
from catalog import load
from catalog.export import write_spreadsheet
from rich.console import Console
from rich.table import Table

__all__ = ["main"]


@click.group()
def main() -> None:
    """Look at the shop's catalogue."""


@main.command("list")
def list_products() -> None:
    """Show every product."""
    table = Table("Product", "Price", "Stock")
    for product in load():
        table.add_row(product.title, product.price, str(product.stock))
    Console().print(table)


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
def export(target: Path) -> None:
    """Write the catalogue to a spreadsheet."""
    click.echo(f"{write_spreadsheet(target)} products in {target}")
