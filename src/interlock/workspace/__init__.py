"""What is on disk of a workspace: members, their graph, selections of them, the lock file, and the guards."""
