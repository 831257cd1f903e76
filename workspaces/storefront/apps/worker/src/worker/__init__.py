"""Work that no visitor waits for."""

__version__ = "0.9.0"
