"""`labelgraph demo`, which is `make run`: everything on this machine, with people and files to try it on."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from app.cli.ground import Host, Port, fail, failing, settings
from app.cli.migrate import upgrade
from app.core import server, supervisor, telemetry
from app.core.embedded import EmbeddedError
from app.core.provision import provided
from app.core.settings import Settings

PORT_SECONDS = 3.0
"""A server whose demo was killed ends within this time, and gives the port back."""


def demo(
    *,
    host: Host = None,
    port: Port = None,
    data: Annotated[bool, typer.Option(help="Load the demo's files at the first start.")] = True,
) -> None:
    """Run the server, a worker and, unless URLs say otherwise, PostgreSQL and Valkey, until Ctrl-C.

    Makes the organisation "Demo" with a user and a token of each role (see .labelgraph/demo.json), and loads
    real files as a client would. The data are kept: the next start goes on with them.
    """
    from app.demo import running  # noqa: PLC0415  it brings in the tables, which others need not

    chosen = settings(host=host, port=port)
    if (obstacle := server.obstacle(chosen.host, chosen.port, PORT_SECONDS)) is not None:
        fail(obstacle)
    telemetry.configure(chosen)
    console = Console(highlight=False, soft_wrap=True)
    with failing(EmbeddedError), _ending_in_order(), _services(chosen, console) as complete:
        upgrade(complete)
        status = asyncio.run(running.run(complete, console, with_data=data))
    raise typer.Exit(status)


@contextmanager
def _services(chosen: Settings, console: Console) -> Iterator[Settings]:
    """The databases; while they stop, further signals are let pass by, so that nothing is left behind."""
    with provided(chosen) as complete:
        if chosen.is_embedded:
            console.print(f"PostgreSQL and Valkey run. Their data are in {chosen.home}.")
        try:
            yield complete
        finally:
            for number in supervisor.ENDING:
                signal.signal(number, signal.SIG_IGN)
    console.print("Everything has stopped; the data are kept.")


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """SIGTERM and a closed terminal unwind the stack like Ctrl-C does, before and after the loop runs."""
    for number in supervisor.ENDING:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    yield
