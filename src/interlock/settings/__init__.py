"""Every choice that shapes a command: what is given, how it is decided, and what was decided."""
