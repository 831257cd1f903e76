"""Serves the application with waitress, a production WSGI server."""

from __future__ import annotations

import argparse
import threading
from urllib.request import urlopen

import waitress

from web.application import create_app

__all__ = ["main"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="storefront-web", description="Serve the shop's pages.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument(
        "--check", action="store_true", help="serve on a free port, ask for the first page, show it, end"
    )
    arguments = parser.parse_args()
    if arguments.check:
        check()
    else:
        waitress.serve(create_app(), host=arguments.host, port=arguments.port)


def check() -> None:
    """Start the server on a free loopback port, request one page and print it."""
    server = waitress.create_server(create_app(), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    url = f"http://127.0.0.1:{server.effective_port}/"
    with urlopen(url, timeout=10) as response:
        print(f"GET {url} {response.status}")
        print(response.read().decode())
