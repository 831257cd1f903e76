"""Environments as the commands find, verify and repair them."""
