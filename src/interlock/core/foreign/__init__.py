"""Projects and locks of other tools."""
