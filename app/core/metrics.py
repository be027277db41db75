"""Figures for Prometheus, in a registry of this process's own."""

from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import QueuePool, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.core import health
from app.core.db import Database, Scope
from app.core.health import Pulse
from app.core.runtime import Runtime

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
"""Upper ends, in seconds."""

_JOBS = text(
    "select count(*) filter (where status = 'todo'), count(*) filter (where status = 'doing'),"
    " count(*) filter (where status = 'failed') from procrastinate_jobs"
)


class Metrics:
    """What is counted as it happens, and what is looked up when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._operations = Counter(
            "labelgraph_operations",
            "GraphQL operations that have ended.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "labelgraph_operation_seconds",
            "How long queries and mutations took.",
            ["kind"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._subscribers = self._gauge("hub_subscribers", "Open subscriptions in the hub.")
        self._loop_lag = self._gauge("loop_lag_seconds", "How late the event loop was, at most.")
        self._relay_lag = self._gauge("relay_lag_seconds", "Age of the oldest undelivered event.")
        self._workers = self._gauge("workers", "Workers that gave a sign of life of late.")
        self._jobs = self._gauge("jobs", "Jobs by status.", "status")
        self._pool = self._gauge("pool_in_use", "Database connections in use.", "pool")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"labelgraph_{name}", text, labels, registry=self.registry)

    def count(self, kind: str, seconds: float, *, has_errors: bool) -> None:
        """An operation has ended. `kind`: query, mutation, subscription, or unknown if it could not be read."""
        self._operations.labels(kind, "errors" if has_errors else "ok").inc()
        if kind != "subscription":
            self._seconds.labels(kind).observe(seconds)

    async def look(self, runtime: Runtime, pulse: Pulse) -> None:
        """Bring the gauges up to date. Those of a database that is away keep their last value."""
        self._subscribers.set(runtime.hub.subscriber_count)
        self._loop_lag.set(pulse.loop_lag_seconds)
        self._pool.labels("app").set(_in_use(runtime.db))
        self._pool.labels("system").set(_in_use(runtime.system))
        async with runtime.system.read(Scope()) as session:
            silent_seconds = runtime.settings.stalled_after_seconds
            self._relay_lag.set(await health.relay_lag_seconds(session))
            self._workers.set(await health.live_workers(session, silent_seconds))
            counts = (await session.execute(_JOBS)).one()
        for status, count in zip(("todo", "doing", "failed"), counts, strict=True):
            self._jobs.labels(status).set(count)


def routes(metrics: Metrics, runtime: Runtime, pulse: Pulse) -> list[BaseRoute]:
    """`/metrics`, in Prometheus's text form."""

    async def show(_: Request) -> Response:
        with suppress(SQLAlchemyError, OSError):
            await metrics.look(runtime, pulse)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", show)]


def _in_use(db: Database) -> int:
    pool = db.engine.pool
    return pool.checkedout() if isinstance(pool, QueuePool) else 0
