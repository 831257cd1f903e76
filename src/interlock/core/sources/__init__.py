"""Where packages come from: indexes, repositories, archives, directories, members; and the addresses of these."""
