"""The files of a package: their names and tags, and what an index says about them."""
