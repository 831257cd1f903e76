"""The pure core: every function depends on its arguments alone; no clock, disk, network, environment or await."""
