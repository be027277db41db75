"""Durable jobs, kept by procrastinate in our own database: enqueue in the transaction, run in the worker."""

from typing import Any

import orjson
from procrastinate import App, PsycopgConnector
from sqlalchemy import make_url, text

from app.core.db import APP_ROLE, Tx

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


def driver_url(url: str) -> str:
    """The URL for psycopg, from any form that Database.open takes."""
    plain = make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql")
    return plain.render_as_string(hide_password=False)


def queue(url: str) -> App:
    """The job library's face for the worker; connects when opened, as the application's role."""
    connector = PsycopgConnector(
        conninfo=driver_url(url),
        kwargs={"options": f"-c role={APP_ROLE}", "application_name": "labelgraph worker"},
        min_size=1,
        max_size=4,
    )
    return App(connector=connector)
