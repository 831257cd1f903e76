"""What sources import, to whom an import belongs, and what that says of a manifest; nothing is imported for it."""
