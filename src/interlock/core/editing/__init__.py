"""Changing manifests: what is written, and where in the text."""
