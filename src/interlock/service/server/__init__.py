"""The HTTP server: who asks, what may be asked for, and the answers. Each room hangs its routes into it."""
