"""The shop's pages."""

from web.application import create_app

__all__ = ["create_app"]
