"""Asking a service, and doing without it."""
