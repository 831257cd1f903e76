"""The HTTP surface of the service."""
