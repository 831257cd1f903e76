"""What a version of a package says about itself: core metadata as a value and as text."""
