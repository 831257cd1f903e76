"""Wheels and sdists to an index: read, checked, signed, uploaded, and looked for afterwards."""
