"""Whether a lock is sound, judged from the manifests and the packages' own metadata; shares nothing with the solver."""
