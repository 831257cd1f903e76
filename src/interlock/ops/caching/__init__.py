"""The cache and its packs: filled, verified, cut down."""
