"""Durable jobs, kept by procrastinate in our own database: enqueue in the transaction, run in the worker."""

import asyncio
from typing import Any, LiteralString

import orjson
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import make_url, text

from app.core.db import APP_ROLE, Tx

PAUSES_SECONDS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Longer in all than a worker's heartbeat: an outage that outlasts them ends the worker, and frees its jobs."""

_DEFER = text(
    "select procrastinate_defer_jobs_v1(array[row('default', :task, 0, :lock, null,"
    " cast(:arguments as jsonb), null)::procrastinate_job_to_defer_v1])"
)


async def enqueue(tx: Tx, task: str, *, lock: str | None = None, **arguments: Any) -> None:
    """Ask for `task` to be run once this transaction has committed.

    Jobs with the same `lock` run one after another. Arguments are JSON values.
    """
    await tx.execute(
        _DEFER, {"task": task, "lock": lock, "arguments": orjson.dumps(arguments).decode()}
    )


class _Connector(PsycopgConnector):
    """Says again what a broken connection has swallowed.

    The end of a job is told once; were it lost, the job would seem to be running for as long as its worker lives.
    """

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """Run a statement without results, at most seven times within 16 seconds."""
        for pause_seconds in PAUSES_SECONDS:
            try:
                await super().execute_query_async(query, **arguments)
            except ConnectorException:
                await asyncio.sleep(pause_seconds)
            else:
                return
        await super().execute_query_async(query, **arguments)


def driver_url(url: str) -> str:
    """The URL for psycopg, from any form that Database.open takes."""
    plain = make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql")
    return plain.render_as_string(hide_password=False)


def queue(url: str) -> App:
    """The job library's face for the worker; connects when opened, as the application's role."""
    connector = _Connector(
        conninfo=driver_url(url),
        kwargs={"options": f"-c role={APP_ROLE}", "application_name": "labelgraph worker"},
        min_size=1,
        max_size=4,
    )
    return App(connector=connector)
