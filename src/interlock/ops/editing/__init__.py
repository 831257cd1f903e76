"""What changes manifests: dependencies, versions, new members."""
