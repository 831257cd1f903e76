"""What is known against what is locked, and what the workspace says to that."""
