"""Failures from a seed: signals, a faulty index, small disks and many processes at once."""
