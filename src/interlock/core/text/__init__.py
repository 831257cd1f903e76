"""Text and numbers that others write, and what of them is taken."""
