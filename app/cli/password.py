"""`labelgraph password`: sets the password with which somebody signs in."""

import asyncio
from typing import Annotated

import typer

from app.accounts import sessions
from app.accounts.passwords import Hasher
from app.cli.ground import failing, settings
from app.core.db import RELAY_ROLE, Database
from app.core.embedded import EmbeddedError
from app.core.errors import Refused
from app.core.provision import provided


def password(
    email: Annotated[str, typer.Argument(help="E-mail address of the account.")],
    *,
    new: Annotated[
        str,
        typer.Option(
            prompt="New password",
            confirmation_prompt=True,
            hide_input=True,
            envvar="LABELGRAPH_NEW_PASSWORD",
            help="10 characters or more. Asked for if it is not in the environment.",
        ),
    ],
) -> None:
    """Set the password of an account, in whatever organisation it is."""
    with failing(EmbeddedError, Refused), provided(settings()) as complete:
        asyncio.run(_set(complete.relay_database_url or complete.database_url or "", email, new))
        typer.echo(f"{email} can sign in with the new password.")


async def _set(url: str, email: str, new: str) -> None:
    db = Database.open(url, role=RELAY_ROLE, pool_size=1)
    try:
        await sessions.set_password(db, Hasher(), email, new)
    finally:
        await db.close()
