"""The tools of one command: index client, builders, interpreters, environments, and what they make wheels of."""
