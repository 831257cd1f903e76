"""Making a lock: from a resolution, or from the lock there is where that comes to the same."""
