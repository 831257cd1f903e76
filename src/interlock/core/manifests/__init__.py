"""Manifests: `pyproject.toml` in each dialect, read into one model."""
