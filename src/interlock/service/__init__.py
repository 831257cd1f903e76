"""The lock service: what goes over the wire, who asks, and who answers."""
