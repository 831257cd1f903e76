"""From what members ask for to a lock: requests with their sources, facts for the solver, and build environments."""
