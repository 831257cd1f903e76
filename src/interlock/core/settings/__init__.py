"""What settings may say: numbers, limits, cutoffs, and the variables that hold them."""
