"""What is counted, in the form that Prometheus reads. Rooms add theirs to the registry."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

__all__ = ["Metrics"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """One registry for one server; names begin with ``interlock_``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "interlock_requests", "Requests by route, method and status.", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "interlock_request_seconds", "From the first byte of a request to the last of its answer.", ("route",),
            buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.bytes = Counter("interlock_sent_bytes", "Bytes of answers by route.", ("route",), registry=self.registry)
        self.cache = Counter(
            "interlock_cache", "Looks into the cache (hit, miss) and writes (stored).", ("kind", "outcome"),
            registry=self.registry,
        )  # fmt: skip
        self.kept = Gauge("interlock_kept_bytes", "Bytes of the store and of uploads.", registry=self.registry)
        self.under_way = Gauge("interlock_requests_under_way", "Requests not answered yet.", registry=self.registry)

    def __repr__(self) -> str:
        return "<Metrics>"

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        text: bytes = generate_latest(self.registry)
        return text
