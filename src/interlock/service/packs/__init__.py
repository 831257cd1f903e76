"""Packs of the service: planned for who asks, and sent from the files that the proxy keeps; no pack is ever written."""
