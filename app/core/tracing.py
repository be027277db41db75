"""Traces: where the time of an operation went, down to each SQL statement.

Off unless there is an endpoint to send them to. While it is off we import nothing of OpenTelemetry, and every span
is one and the same object that does nothing.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from app.core.runtime import Runtime
from app.core.settings import Settings

Attributes = Mapping[str, str | int | float | bool]

NOTHING: AbstractContextManager[None] = nullcontext()


class Tracer:
    """Traces nothing; `app.core.spans.Spans` does."""

    is_on = False

    def serving(
        self, headers: Mapping[bytes, bytes], attributes: Attributes
    ) -> AbstractContextManager[None]:
        """The span of an operation. It continues the caller's trace, if `headers` have a `traceparent`."""
        del headers, attributes
        return NOTHING

    def span(self, name: str) -> AbstractContextManager[None]:
        """A part of what is being traced; nothing if nothing is."""
        del name
        return NOTHING

    def event(self, name: str, attributes: Attributes) -> AbstractContextManager[None]:
        """A trace of its own, with a link to what led to it."""
        del name, attributes
        return NOTHING

    def note(self, attributes: Attributes, *, name: str | None = None) -> None:
        """Say more of the present span, and call it something else."""

    def fail(self, code: str, *, is_fault: bool) -> None:
        """Say that the present span failed; `is_fault` if that is for the operator to mend."""

    def end(self) -> None:
        """End the present span now; what follows is not part of it."""

    def following(self, runtime: Runtime) -> AbstractContextManager[None]:
        """Inside the block, SQL statements are parts of what is being traced."""
        del runtime
        return NOTHING


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Tracer]:
    """What the settings ask for. Raises RuntimeError if the packages for it are not installed."""
    if settings.otlp_endpoint is None:
        yield Tracer()
        return
    try:
        from app.core import spans  # noqa: PLC0415  not everybody has installed what it needs
    except ImportError as error:
        raise RuntimeError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and what sends traces is not installed:"
            " pip install 'labelgraph[otlp]'."
        ) from error
    async with spans.exported(settings.otlp_endpoint) as tracer:
        yield tracer
