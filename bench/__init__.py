"""Interlock side by side with its peers, on one recorded replica of the index: ``python -m bench``."""
