"""`labelgraph token`: API tokens of anybody, made directly on the database by who runs the server."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlmodel import col, select

from app.accounts import authentication, credentials, queries, tokens
from app.accounts.actor import Actor
from app.accounts.models import ApiToken, Member, Organisation
from app.accounts.tokens import TokenScope
from app.cli.ground import failing, settings
from app.core import clock, ids
from app.core import runtime as runtimes
from app.core.db import APP_ROLE, Database, Scope
from app.core.embedded import EmbeddedError
from app.core.errors import Invalid, NotFound, Refused
from app.core.ids import Kind
from app.core.provision import provided

Email = Annotated[str, typer.Argument(help="E-mail address of the user.")]
InOrganisation = Annotated[
    str | None,
    typer.Option("--organisation", help="Id of the organisation, org_…, if the user has several."),
]
Work = Callable[[Database, Actor, bytes], Awaitable[None]]
"""Takes the database, the user as an actor, and the server's secret."""


def create(
    email: Email,
    *,
    organisation: InOrganisation = None,
    scope: Annotated[
        list[TokenScope], typer.Option(help="What it may be used for; again for more.")
    ] = [TokenScope.ADMIN],  # noqa: B006  Typer reads the default and never changes it
    days: Annotated[int, typer.Option(help="How long it lasts.", min=1, max=366)] = 90,
    name: Annotated[str, typer.Option(help="What it is for.")] = "made by labelgraph token create",
) -> None:
    """Create a token and print it; it cannot be shown again."""

    async def work(db: Database, actor: Actor, secret: bytes) -> None:
        async with db.transaction(actor.scope) as tx:
            _, text = await credentials.create_token(
                tx,
                actor.organisation_id,
                actor.user_id,
                name=name,
                scopes=scope,
                expires_at=clock.now() + timedelta(days=days),
                pepper=secret,
            )
        typer.echo(text)

    _as(email, organisation, work)


def show(email: Email, *, organisation: InOrganisation = None) -> None:
    """List the tokens of a user, newest first."""

    async def work(db: Database, actor: Actor, _: bytes) -> None:
        async with db.read(actor.scope) as session:
            mine = select(ApiToken).where(ApiToken.user_id == actor.user_id)
            found = (await session.exec(mine.order_by(col(ApiToken.id).desc()))).all()
        table = Table(Column("Id", no_wrap=True), "Name", "Scopes", "State", "Last used")
        for token in found:
            used = f"{token.last_used_at:%Y-%m-%d %H:%M} UTC" if token.last_used_at else "never"
            told = ids.encode(Kind.API_TOKEN, token.id)
            table.add_row(told, token.name, " ".join(token.scopes), _state(token), used)
        Console().print(table)

    _as(email, organisation, work)


def revoke(
    email: Email,
    token: Annotated[str, typer.Argument(help="Id of the token, tok_….")],
    *,
    organisation: InOrganisation = None,
) -> None:
    """End a token at once; what is connected with it is closed."""

    async def work(db: Database, actor: Actor, _: bytes) -> None:
        async with db.transaction(actor.scope) as tx:
            await credentials.revoke_token(tx, actor, ids.decode(Kind.API_TOKEN, token))
        typer.echo(f"{token} is revoked.")

    _as(email, organisation, work)


def _state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if tokens.is_expired(token.expires_at, clock.now()):
        return "expired"
    return f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "valid"


def _as(email: str, organisation: str | None, work: Work) -> None:
    """Do `work` as the user of this e-mail."""
    with failing(EmbeddedError, Refused), provided(settings()) as complete:
        asyncio.run(
            _on(complete.database_url or "", email, organisation, work, runtimes.secret(complete))
        )


async def _on(url: str, email: str, organisation: str | None, work: Work, secret: bytes) -> None:
    db = Database.open(url, role=APP_ROLE, pool_size=1)
    try:
        await work(db, await _actor(db, email, organisation), secret)
    finally:
        await db.close()


async def _actor(db: Database, email: str, organisation: str | None) -> Actor:
    """The user as a member: of the organisation named, or else of the only one."""
    async with db.read(Scope()) as session:
        user_id = await queries.user_id_of(session, email)
    if user_id is None:
        raise NotFound(f"Nobody here has the e-mail {email}.")
    async with db.read(Scope(user_id=user_id)) as session:
        mine = select(Member, Organisation).join(
            Organisation, col(Organisation.id) == col(Member.organisation_id)
        )
        found = (await session.exec(mine.where(Member.user_id == user_id))).all()
    named = {ids.encode(Kind.ORGANISATION, member.organisation_id): member for member, _ in found}
    if organisation is None and len(named) > 1:
        known = ", ".join(f"{ids.encode(Kind.ORGANISATION, o.id)} ({o.name})" for _, o in found)
        raise Invalid(f"{email} is in several organisations; give --organisation: {known}.")
    member = next(iter(named.values()), None) if organisation is None else named.get(organisation)
    if member is None:
        raise NotFound(f"{email} is not a member of that organisation.")
    return Actor(
        user_id=user_id,
        organisation_id=member.organisation_id,
        role=member.role,
        scopes=authentication.EVERYTHING,
        credential="cli",
    )
