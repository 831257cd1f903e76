"""Interpreters and virtual environments: found, asked, made, and what is installed in them."""
