"""Programs and scripts, run with what is locked for them."""
