"""What others made of the same inputs, kept for all who may have it: storage, and whose writes reach whom."""
