"""Versions and sets of them (PEP 440)."""
