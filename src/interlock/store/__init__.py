"""What we keep on disk, shared by every workspace of the user; nothing here is ever the only copy of anything."""
