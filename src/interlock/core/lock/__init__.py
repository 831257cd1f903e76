"""The lock: the resolution written down, and everything that can be decided from it without resolving."""
