"""What is asked of a package (PEP 508)."""
