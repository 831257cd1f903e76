"""The service: locks, packages and builds for many clients, made once. ``interlock serve`` starts it."""
