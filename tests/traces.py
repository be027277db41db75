"""Keeps the spans that a server makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.core.runtime import Runtime
from app.core.spans import Spans


@dataclass(frozen=True, slots=True)
class Traces:
    """What has ended so far. Statements that only enter a transaction are left out."""

    tracer: Spans
    exporter: InMemorySpanExporter

    @classmethod
    @contextmanager
    def kept(cls, runtime: Runtime) -> Iterator["Traces"]:
        """Keep what is traced with `tracer` inside the block, SQL included."""
        provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = Spans(provider)
        with tracer.following(runtime):
            yield cls(tracer, exporter)
        provider.shutdown()

    @property
    def spans(self) -> list[ReadableSpan]:
        """In the order in which they began."""
        found = [one for one in self.exporter.get_finished_spans() if not _only_enters(one)]
        return sorted(found, key=lambda one: one.start_time or 0)

    @property
    def paths(self) -> list[str]:
        """Their names below those of their parents: `query > graphql.execute > SELECT`."""
        names = {one.context.span_id: one for one in self.spans if one.context}

        def path(span: ReadableSpan) -> str:
            parent = names.get(span.parent.span_id) if span.parent else None
            return f"{path(parent)} > {span.name}" if parent else span.name

        return [path(one) for one in self.spans]

    def of(self, name: str) -> ReadableSpan:
        """The only one of this name."""
        (found,) = [one for one in self.spans if one.name == name]
        return found

    def clear(self) -> None:
        """Forget what was kept so far."""
        self.exporter.clear()


def _only_enters(span: ReadableSpan) -> bool:
    text = str((span.attributes or {}).get("db.query.text", ""))
    return text.startswith("select set_config(")
