"""Needs urllib3 2."""
