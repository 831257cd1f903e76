"""``interlock build``: members to sdists and wheels."""
