"""TOML files as text that can be changed."""
