"""What has to happen to an environment."""
