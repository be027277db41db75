"""What every command stands on: its settings, and how it ends when something is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from asyncpg import PostgresError
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from app.core.boot import WallMissing
from app.core.embedded import EmbeddedError
from app.core.settings import Settings

Host = Annotated[str | None, typer.Option(help="Address to listen on.", envvar="LABELGRAPH_HOST")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.", envvar="LABELGRAPH_PORT")]
WithParent = Annotated[bool, typer.Option("--with-parent", hidden=True)]


def settings(**changes: Any) -> Settings:
    """The settings of the environment, with what the command line says; None there says nothing."""
    said = {name: value for name, value in changes.items() if value is not None}
    try:
        return Settings(**said)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        fail(f"The setting {name} cannot be used: {first['msg']}.")


def fail(sentence: str, status: int = 1) -> NoReturn:
    """End with a sentence on standard error."""
    Console(stderr=True, soft_wrap=True).print(sentence, style="red", markup=False, highlight=False)
    raise typer.Exit(status)


@contextmanager
def failing(*kinds: type[Exception]) -> Iterator[None]:
    """Turn these errors, whose message is for people, into the end of the command."""
    try:
        yield
    except kinds as error:
        fail(str(error))


@contextmanager
def starting(what: str) -> Iterator[None]:
    """Turn what keeps a process from starting into the end of the command; anything else stays loud."""
    try:
        yield
    except (EmbeddedError, WallMissing) as error:
        fail(str(error))
    except (DBAPIError, PostgresError, OSError) as error:
        reason = str(error).partition("\n")[0]
        fail(
            f"{what} cannot work with its database: {reason}. If it is new, run `labelgraph migrate`;"
            " `labelgraph doctor` says more."
        )
