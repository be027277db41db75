"""Checks before a server starts: it would rather not run than run without its walls."""

from sqlalchemy import text

from app.core.db import Database, Scope

_ROLE = text(
    "select current_user, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
)
_OPEN_TABLES = text(
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = 'public' and c.relkind in ('r', 'p')"
    " and exists (select 1 from pg_attribute a where a.attrelid = c.oid"
    "  and a.attname = 'organisation_id' and not a.attisdropped)"
    " and not (c.relrowsecurity and c.relforcerowsecurity"
    "  and exists (select 1 from pg_policy p where p.polrelid = c.oid))"
    " order by 1"
)


class WallMissing(RuntimeError):
    """Row-level security would not hold; the message says where."""


async def check_walls(db: Database) -> None:
    """Raise WallMissing if the role could bypass row security, or a tenant's table lacks its policy."""
    async with db.read(Scope()) as session:
        role, can_bypass = (await session.execute(_ROLE)).one()
        unguarded = (await session.execute(_OPEN_TABLES)).scalars().all()
    if can_bypass:
        raise WallMissing(
            f"The database role {role} can bypass row-level security. Connect as one that cannot:"
            " no superuser, no BYPASSRLS."
        )
    if unguarded:
        raise WallMissing(
            f"These tables have no forced row security: {', '.join(unguarded)}."
            " Run `labelgraph migrate`."
        )
