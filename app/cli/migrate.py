"""`labelgraph migrate`: brings the database to the shape that this version needs."""

from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from app.cli.ground import fail, failing, settings
from app.core import embedded, migrations
from app.core.embedded import EmbeddedError
from app.core.provision import provided
from app.core.settings import Settings


def migrate(
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL and change nothing.")] = False,
    since: Annotated[
        str | None, typer.Option(help="With --sql: the revision after which to begin.")
    ] = None,
    until: Annotated[str, typer.Option(help="With --sql: the last revision.")] = "head",
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare a fresh, temporary database with the models."),
    ] = False,
) -> None:
    """Run every migration that is missing. Safe to run at any time, from many places at once."""
    if sql:
        migrations.print_sql(since, until)
    elif check:
        _compare()
    else:
        with failing(EmbeddedError), provided(settings()) as complete:
            upgrade(complete)
        Console().print(f"The database is at revision {migrations.head()}.")


def upgrade(complete: Settings) -> None:
    """Migrate as the owner; end with a sentence if the database does not let us."""
    url = complete.owner_database_url or complete.database_url
    assert url is not None  # noqa: S101  provided
    try:
        migrations.migrate(url)
    except SQLAlchemyError as error:
        fail(f"The database could not be migrated: {str(error).partition(chr(10))[0]}")


def _compare() -> None:
    with failing(EmbeddedError), embedded.temporary() as services:
        migrations.migrate(services.database_url)
        found = migrations.differences(services.database_url)
    if found is not None:
        fail(f"The models and the migrations differ: {found}")
    Console().print("The migrations make what the models say.")
