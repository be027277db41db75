"""Figures for Prometheus, in a registry of this process's own.

Every label has few values, all of them known here or in the code: what clients call things is not among them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import QueuePool, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.core import health
from app.core.db import Database, Scope
from app.core.health import Pulse
from app.core.runtime import Runtime

KINDS = ("query", "mutation", "subscription", "unknown")
"""Of operations; unknown, if it was refused before that could be said."""
OUTCOMES = ("ok", "errors", "refused", "cancelled")
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
POINTS = (1, 10, 100, 1_000, 10_000, 100_000)
"""Upper ends."""

_JOBS = text(
    "select count(*) filter (where status = 'todo'), count(*) filter (where status = 'doing'),"
    " count(*) filter (where status = 'failed') from procrastinate_jobs"
)


class Metrics:
    """What is counted as it happens, and what is looked up when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        operations = self._counter(
            "operations", "GraphQL operations that ended.", "kind", "outcome"
        )
        seconds = self._histogram("operation_seconds", "How long they took.", SECONDS, "kind")
        points = self._histogram("operation_points", "What they cost.", POINTS, "kind")
        # looked up once: `labels` takes longer than to count
        self._operations = {
            (kind, outcome): operations.labels(kind, outcome)
            for kind in KINDS
            for outcome in OUTCOMES
        }
        self._seconds = {kind: seconds.labels(kind) for kind in ("query", "mutation")}
        self._points = {kind: points.labels(kind) for kind in KINDS}
        self._errors = self._counter("errors", "Errors that clients were told.", "code")
        self._events = self._histogram(
            "event_seconds", "How long it took to execute an event for its subscribers.", SECONDS
        )
        self._streams = self._gauge("event_streams", "Open answers of server-sent events.")
        self._subscribers = self._gauge("hub_subscribers", "Open subscriptions in the hub.")
        self._loop_lag = self._gauge("loop_lag_seconds", "How late the event loop was, at most.")
        self._relay_lag = self._gauge("relay_lag_seconds", "Age of the oldest undelivered event.")
        self._workers = self._gauge("workers", "Workers that gave a sign of life of late.")
        self._jobs = self._gauge("jobs", "Jobs by status.", "status")
        self._pool = self._gauge("pool_in_use", "Database connections in use.", "pool")
        self._pool_size = self._gauge("pool_size", "Most connections that a pool has.", "pool")

    def expect(self, codes: Iterable[str]) -> None:
        """Begin to count these codes of errors at 0: a rate needs to see the first one, too."""
        for code in codes:
            self._errors.labels(code)

    def ended(self, kind: str, outcome: str, seconds: float, points: int | None) -> None:
        """An operation has run; for KINDS and OUTCOMES see above. A subscription is no matter of seconds."""
        self._operations[kind, outcome].inc()
        if (taken := self._seconds.get(kind)) is not None:
            taken.observe(seconds)
        if points is not None:
            self._points[kind].observe(points)

    def refused(self, kind: str) -> None:
        """An operation did not run."""
        self._operations[kind, "refused"].inc()

    def told(self, codes: Iterable[str]) -> None:
        """A client was told of errors."""
        for code in codes:
            self._errors.labels(code).inc()

    def event(self, seconds: float) -> None:
        """An event of a subscription was executed, once for all who have subscribed to the same."""
        self._events.observe(seconds)

    def streaming(self) -> AbstractContextManager[None]:
        """Inside the block an answer of server-sent events is open."""
        return self._streams.track_inprogress()

    def show(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Ask for a value each time when somebody wants to know it."""
        self._gauge(name, text).set_function(value)

    def show_total(self, name: str, text: str, value: Callable[[], float]) -> None:
        """The same for a value that only grows."""
        self.registry.register(_Total(f"labelgraph_{name}", text, value))

    async def look(self, runtime: Runtime, pulse: Pulse) -> None:
        """Bring the gauges up to date. Those of a database that is away keep their last value."""
        self._subscribers.set(runtime.hub.subscriber_count)
        self._loop_lag.set(pulse.loop_lag_seconds)
        self._look_at_pools(runtime)
        async with runtime.system.read(Scope()) as session:
            silent_seconds = runtime.settings.stalled_after_seconds
            self._relay_lag.set(await health.relay_lag_seconds(session))
            self._workers.set(await health.live_workers(session, silent_seconds))
            counts = (await session.execute(_JOBS)).one()
        for status, count in zip(("todo", "doing", "failed"), counts, strict=True):
            self._jobs.labels(status).set(count)

    def _look_at_pools(self, runtime: Runtime) -> None:
        reads = {"reads": runtime.reads, "system_reads": runtime.system_reads}
        found = {name: (one.in_use, one.size) for name, one in reads.items()}
        found |= {"app": _pool(runtime.db), "system": _pool(runtime.system)}
        for name, (in_use, size) in found.items():
            self._pool.labels(name).set(in_use)
            self._pool_size.labels(name).set(size)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"labelgraph_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"labelgraph_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, ends: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"labelgraph_{name}", text, labels, buckets=ends, registry=self.registry)


@dataclass(frozen=True, slots=True)
class _Total(Collector):
    """A counter that somebody else counts."""

    name: str
    text: str
    value: Callable[[], float]

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What it is now."""
        yield CounterMetricFamily(self.name, self.text, value=self.value())


def routes(metrics: Metrics, runtime: Runtime, pulse: Pulse) -> list[BaseRoute]:
    """`/metrics`, in Prometheus's text form."""

    async def show(_: Request) -> Response:
        with suppress(SQLAlchemyError, OSError):
            await metrics.look(runtime, pulse)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", show)]


def _pool(db: Database) -> tuple[int, int]:
    """Connections in use, and how many there can be."""
    pool = db.engine.pool
    return (pool.checkedout(), pool.size()) if isinstance(pool, QueuePool) else (0, 0)
