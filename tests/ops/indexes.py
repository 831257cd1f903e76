"""Tables of indexes for a workspace, and which of them packages were locked from."""

from __future__ import annotations

from tests.shop import Shop


def index_table(name: str, url: str, *more: str) -> str:
    return "\n".join(["[[tool.interlock.index]]", f'name = "{name}"', f'url = "{url}"', *more, ""])


def at_the_root(shop: Shop, *tables: str) -> None:
    root = shop.root / "pyproject.toml"
    root.write_text(root.read_text() + "".join(tables))


def indexes_in_the_lock(shop: Shop) -> dict[str, str]:
    return {package.name: getattr(package.source, "index", "") for package in shop.lock.packages}
