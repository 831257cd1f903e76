"""Cannot leave urllib3 1 yet."""
