"""`labelgraph worker`: runs the jobs that requests have asked for."""

import asyncio

from app.cli.ground import WithParent, settings, starting
from app.core import server, telemetry
from app.core.provision import provided


def work(*, with_parent: WithParent = False) -> None:
    """Run jobs until Ctrl-C or SIGTERM; any number of workers may run, on any machine."""
    from app import worker  # noqa: PLC0415  it takes a second, which other commands need not wait

    chosen = settings()
    telemetry.configure(chosen)
    if with_parent:
        server.stop_with_parent()
    with starting("The worker"), provided(chosen) as complete:
        asyncio.run(worker.run(complete))
