"""What package indexes say: listings, core metadata and files, each asked for at most once."""
