"""What a lock says, told to people and to other tools."""
