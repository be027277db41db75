"""Spans of OpenTelemetry, named and described by its conventions for GraphQL servers and SQL clients.

They carry what was asked of the database, never with which values; no message of an error, since those quote
what clients sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.core.runtime import Runtime
from app.core.statement_spans import StatementSpans
from app.core.tracing import NOTHING, Attributes, Tracer

UNNAMED = "GraphQL Operation"
"""What a span is called until it is known which kind of operation it is."""

_PROPAGATOR = TraceContextTextMapPropagator()
_CARRIED = ("traceparent", "tracestate")


class Spans(Tracer):
    """Makes spans with one provider, which it does not close."""

    is_on = True

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("labelgraph")

    def serving(
        self, headers: Mapping[bytes, bytes], attributes: Attributes
    ) -> AbstractContextManager[None]:
        """The span of an operation. It continues the caller's trace, if `headers` have a `traceparent`."""
        parent = Context()
        if b"traceparent" in headers:
            carrier = {name: headers.get(name.encode(), b"").decode("latin-1") for name in _CARRIED}
            parent = _PROPAGATOR.extract(carrier, context=parent)
        span = self._tracer.start_span(
            UNNAMED, context=parent, kind=SpanKind.SERVER, attributes=attributes
        )
        return _during(span)

    def span(self, name: str) -> AbstractContextManager[None]:
        """A part of what is being traced; nothing if nothing is."""
        if not trace.get_current_span().is_recording():
            return NOTHING
        return _during(self._tracer.start_span(name))

    def event(self, name: str, attributes: Attributes) -> AbstractContextManager[None]:
        """A trace of its own, with a link to what led to it."""
        cause = trace.get_current_span().get_span_context()
        links = [Link(cause)] if cause.is_valid else []
        span = self._tracer.start_span(name, context=Context(), attributes=attributes, links=links)
        return _during(span)

    def note(self, attributes: Attributes, *, name: str | None = None) -> None:
        """Say more of the present span, and call it something else."""
        span = trace.get_current_span()
        if not span.is_recording():
            return
        span.set_attributes(attributes)
        if name is not None:
            span.update_name(name)

    def fail(self, code: str, *, is_fault: bool) -> None:
        """Say that the present span failed. As with HTTP, a mistake of the client is no error of the server."""
        span = trace.get_current_span()
        if not span.is_recording():
            return
        span.set_attribute("error.type", code)
        if is_fault:
            span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        """End the present span now; what follows is not part of it."""
        _end(trace.get_current_span())

    @contextmanager
    def following(self, runtime: Runtime) -> Iterator[None]:
        """Inside the block, SQL statements are parts of what is being traced."""
        settings = runtime.settings
        url = settings.database_url or ""
        ours = StatementSpans(self._tracer, url)
        relays = StatementSpans(self._tracer, settings.relay_database_url or url)
        with (
            ours.of_database(runtime.db),
            ours.of_reads(runtime.reads),
            relays.of_database(runtime.system),
            relays.of_reads(runtime.system_reads),
        ):
            yield


@asynccontextmanager
async def exported(endpoint: str) -> AsyncGenerator[Spans]:
    """Send spans to `endpoint` by OTLP over HTTP; the last ones at the end of the block.

    Sampler, headers, name of the service and the rest are as the standard variables `OTEL_…` say.
    """
    named = Resource({"service.name": "labelgraph"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=named, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Spans(provider)
    finally:
        await asyncio.to_thread(provider.shutdown)


@contextmanager
def _during(span: Span) -> Iterator[None]:
    """Make it the present span, until the end of the block at the latest."""
    try:
        with trace.use_span(span, record_exception=False, set_status_on_exception=False):
            yield
    finally:
        _end(span)


def _end(span: Span) -> None:
    if span.is_recording():  # it may have been ended inside
        span.end()
