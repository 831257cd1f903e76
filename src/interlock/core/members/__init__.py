"""What the members of a workspace ask for together, and which of it a command is about."""
