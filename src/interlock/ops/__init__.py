"""The verbs: one file each, what a command does once its arguments are understood."""
