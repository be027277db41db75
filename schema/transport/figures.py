"""What the engine and the transports count by themselves, for whoever asks at `/metrics`."""

from app.core.metrics import Metrics
from schema.execution.engine import Engine
from schema.execution.sharing import Shared
from schema.transport.sockets import Sockets


def show(figures: Metrics, engine: Engine, shared: Shared, sockets: Sockets) -> None:
    """Add them to the figures of the process."""
    documents, gate = engine.documents, engine.gate
    figures.show_total(
        "document_hits", "Documents that were known already.", lambda: documents.hit_count
    )
    figures.show_total("document_misses", "Documents that were read.", lambda: documents.miss_count)
    figures.show(
        "subscription_groups", "Subscriptions that are executed.", lambda: shared.group_count
    )
    figures.show(
        "subscription_members", "Subscribers, who share those.", lambda: shared.member_count
    )
    figures.show("sockets", "Open WebSockets.", lambda: sockets.open_count)
    figures.show("operations_inside", "Queries and mutations at work.", lambda: gate.inside_count)
    figures.show("operations_waiting", "Those that wait for room.", lambda: gate.waiting_count)
