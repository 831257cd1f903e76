"""What the service keeps: a data folder with a database and files."""
