"""The documents beside the code: what of them is made from the code, and that the rest of them is true."""
