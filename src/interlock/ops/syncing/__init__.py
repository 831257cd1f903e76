"""From the lock to environments."""
