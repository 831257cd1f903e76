"""``interlock publish``: what was built to an index."""
