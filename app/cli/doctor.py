"""`labelgraph doctor`: what is missing or wrong on this machine and in the services, in words."""

import asyncio

import typer
from rich.console import Console
from rich.table import Table

from app.cli import checks
from app.cli.ground import settings
from app.core.embedded import EmbeddedError
from app.core.health import Check, State
from app.core.provision import provided

SIGNS = {State.OK: "[green]ok[/]", State.DEGRADED: "[yellow]look[/]", State.FAILED: "[red]wrong[/]"}


def doctor() -> None:
    """Look at everything that the server needs, and say what to do about what is wrong.

    Exit code 1 if something is wrong. Starts the embedded services for as long as it looks, if URLs name none.
    """
    chosen = settings()
    found = checks.of_machine(chosen)
    try:
        with provided(chosen) as complete:
            found += asyncio.run(checks.of_services(complete))
    except EmbeddedError as error:
        found.append(Check("services", State.FAILED, str(error)))
    _print(found)
    raise typer.Exit(any(check.state is State.FAILED for check in found))


def _print(found: list[Check]) -> None:
    table = Table.grid(padding=(0, 2))
    for check in found:
        table.add_row(SIGNS[check.state], check.name.replace("_", " "), check.detail)
    Console(highlight=False).print(table)
