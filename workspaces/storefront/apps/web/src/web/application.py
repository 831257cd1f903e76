"""The WSGI application: a list of products, a page for each, and the same as JSON."""

from __future__ import annotations

from catalog import Product, find, load
from flask import Flask, abort, render_template_string

__all__ = ["create_app"]

LIST = """<!doctype html>
<title>Storefront</title>
<h1>Storefront</h1>
<ul>
{%- for product in products %}
  <li><a href="/products/{{ product.slug }}">{{ product.title }}</a> {{ product.price }}</li>
{%- endfor %}
</ul>
"""

PAGE = """<!doctype html>
<title>{{ product.title }}</title>
<h1>{{ product.title }}</h1>
<p>{{ product.price }}, {{ "in stock" if product.stock else "sold out" }}</p>
"""


def create_app() -> Flask:
    app = Flask("web")
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/products/<slug>", view_func=product)
    app.add_url_rule("/api/products", view_func=api)
    return app


def index() -> str:
    return render_template_string(LIST, products=load())


def product(slug: str) -> str:
    return render_template_string(PAGE, product=_found(slug))


def api() -> list[dict[str, object]]:
    return [{"slug": item.slug, "cents": item.cents, "stock": item.stock} for item in load()]


def _found(slug: str) -> Product:
    return find(slug) or abort(404)
