"""Repositories: references to commits, commits to trees in the store, by the system's ``git``."""
