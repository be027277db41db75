"""What `register` and `upload` share: the server, the folder, the bar, the table of failures, the exit code."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.cli.ground import fail, settings
from app.client import graphql, registration
from app.client.graphql import Api, ApiError
from app.client.registration import Failure, Job

SOME_FAILED = 1
JOB_FAILED = 2
SHOWN_FAILURES = 200

Url = Annotated[
    str | None,
    typer.Option(
        help="Address of the server. Default: that of demo.json, or http://127.0.0.1:8000.",
        envvar="LABELGRAPH_URL",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        help="API token. Default: the administrator's of demo.json.", envvar="LABELGRAPH_TOKEN"
    ),
]
Folder = Annotated[str, typer.Argument(help="Id of the folder, fold_…, as the API gives it.")]
Again = Annotated[
    bool,
    typer.Option("--again", help="Do it once more, though the same was done within a day."),
]
IgnoreErrors = Annotated[
    bool,
    typer.Option(
        help="Register what can be registered, whatever fails; or stop at the first failure."
    ),
]


def connected(url: str | None, token: str | None, work: Callable[[Api], Awaitable[int]]) -> None:
    """Do `work` with a client, and end with the exit code that it says."""
    demo = _demo(settings().home / "demo.json")
    address = url or demo.get("url") or "http://127.0.0.1:8000"
    proof = token or (demo.get("token") if address == demo.get("url") else None)
    if proof is None:
        fail("There is no token: give --token or LABELGRAPH_TOKEN.", JOB_FAILED)

    async def run() -> int:
        async with graphql.connected(address, proof) as api:
            return await work(api)

    status = JOB_FAILED
    try:
        status = asyncio.run(run())
    except* ApiError as group:  # alone, or out of a group of uploads
        fail(_first(group), JOB_FAILED)
    raise typer.Exit(status)


def _first(group: BaseExceptionGroup[ApiError]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


def _demo(file: Path) -> dict[str, str]:
    """Address and token that `make run` left in this folder; empty if it never ran here."""
    try:
        said = orjson.loads(file.read_bytes())
        return {"url": said["url"], "token": said["people"][0]["token"]}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


async def follow(api: Api, job: Job, console: Console) -> int:
    """Show a job until it ends, then what failed. 0: all good, 1: some units failed, 2: the job failed."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("Registering", total=None)
        async for state in registration.followed(api, job.id):
            job = state
            is_read = job.phase not in {"QUEUED", "READING"}
            total = job.unit_count if is_read else None
            progress.update(bar, completed=job.unit_count - job.pending_count, total=total)
    show(await registration.failures(api, job.id), console)
    console.print(
        f"Job {job.id}: {job.status.lower()}. {job.done_count} registered,"
        f" {job.error_count} failed, {job.cancelled_count} not tried.",
        soft_wrap=True,
    )
    if job.status != "DONE":
        return JOB_FAILED
    return SOME_FAILED if job.error_count else 0


def show(failures: list[Failure], console: Console) -> None:
    """What was not registered, and why."""
    if not failures:
        return
    table = Table("Where", "File", "Code", "Why", title="Not registered")
    for failure in failures[:SHOWN_FAILURES]:
        table.add_row(failure.place, failure.name, failure.code, failure.message)
    console.print(table)
    if len(failures) > SHOWN_FAILURES:
        console.print(
            f"… and {len(failures) - SHOWN_FAILURES} more: see the job's units in the API."
        )
