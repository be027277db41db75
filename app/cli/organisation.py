"""`labelgraph organisation`: founds the first organisation of a new server."""

import asyncio
from typing import Annotated

import typer

from app.accounts import service
from app.cli import token
from app.cli.ground import failing, settings
from app.core import clock, ids
from app.core.db import APP_ROLE, Database, Scope
from app.core.embedded import EmbeddedError
from app.core.errors import Refused
from app.core.ids import Kind
from app.core.provision import provided


def create(
    name: Annotated[str, typer.Argument(help="Name of the organisation.")],
    email: Annotated[str, typer.Argument(help="E-mail address of its first administrator.")],
) -> None:
    """Found an organisation, and print its id and a token of its administrator."""
    with failing(EmbeddedError, Refused), provided(settings()) as complete:
        organisation = asyncio.run(_found(complete.database_url or "", name, email))
        typer.echo(organisation)
        token.create(email, organisation=organisation)


async def _found(url: str, name: str, email: str) -> str:
    db = Database.open(url, role=APP_ROLE, pool_size=1)
    try:
        organisation_id = clock.new_id()
        async with db.transaction(Scope(organisation_id)) as tx:
            await service.create_organisation(tx, organisation_id, name, email)
    finally:
        await db.close()
    return ids.encode(Kind.ORGANISATION, organisation_id)
