"""Gives a big organisation a partition of `file` of its own: its statistics are then about its files alone.

In a table that others dominate PostgreSQL multiplies the tenant's share into the estimate of every condition, and
picks plans that look at a thousand times as many files as they need (docs/adr/0015).
"""

from typing import Any
from uuid import UUID

from app.core import owner as owners
from app.core.db import APP_ROLE
from app.core.errors import Refused
from app.core.settings import Settings
from app.search import indexes
from app.search.indexes import DEFAULT_PARTITION, NAME_TRIGRAMS

WAIT = "30s"
"""How long to wait until nobody uses the table; everybody else waits behind that, and during the move."""

_IS_ATTACHED = (
    "select exists (select from pg_inherits where inhparent = 'file'::regclass"
    " and inhrelid = to_regclass($1))"
)
_IS_SUPERUSER = "select rolsuper from pg_roles where rolname = current_user"
_HAS_TRIGRAMS = "select to_regclass($1) is not null"
_COUNT = "select count(*) from file where organisation_id = $1"


class CannotMove(Refused):
    """The partition cannot be made; the message says what it takes."""


async def own_partition(settings: Settings, organisation_id: UUID) -> tuple[str, int]:
    """Move the organisation's files into a partition of their own, unless they lie there already.

    Its name, and how many files it has. All or nothing: broken off, it has changed nothing. Nobody can read or
    write files meanwhile. Raises CannotMove unless the owner's URL is a superuser's: rows go from one partition
    to another past the foreign keys, which would take away what belongs to the files.
    """
    name = indexes.partition_of(organisation_id)
    async with owners.connected(settings, settings.index_memory) as owner:
        if not await owner.fetchval(_IS_SUPERUSER):
            raise CannotMove(
                "Moving files into a partition takes a superuser: set OWNER_DATABASE_URL to one."
            )
        if not await owner.fetchval(_COUNT, organisation_id):
            raise CannotMove("This organisation has no files; there is nothing to move.")
        if not await owner.fetchval(_IS_ATTACHED, name):
            async with owner.transaction():
                await _move(owner, name, organisation_id)
            await owner.execute(f"vacuum (analyze) {DEFAULT_PARTITION}")
        await owner.execute(f"analyze {name}")
        return name, await owner.fetchval(_COUNT, organisation_id)


async def _move(owner: Any, name: str, organisation_id: UUID) -> None:
    """Copy, attach, and put up the walls that the other partition has."""
    await owner.execute(f"set local lock_timeout = '{WAIT}'")
    await owner.execute(f"lock table file, {DEFAULT_PARTITION} in access exclusive mode")
    await owner.execute("set local session_replication_role = replica")
    mine = f"organisation_id = '{organisation_id}'"
    await owner.execute(f"create table {name} (like file including defaults including storage)")
    await owner.execute(f"insert into {name} select * from {DEFAULT_PARTITION} where {mine}")  # noqa: S608
    await owner.execute(f"delete from {DEFAULT_PARTITION} where {mine}")  # noqa: S608  names of ours
    await owner.execute("set local session_replication_role = origin")
    await owner.execute(
        f"alter table file attach partition {name} for values in ('{organisation_id}')"
    )
    if await owner.fetchval(_HAS_TRIGRAMS, DEFAULT_PARTITION + NAME_TRIGRAMS):
        await owner.execute(
            f"create index {name}{NAME_TRIGRAMS} on {name} using gin"
            ' (organisation_id, name collate "default" name_trigram_ops)'
            " with (gin_pending_list_limit = 256)"
        )
    await owner.execute(f"grant select, insert, update, delete on {name} to {APP_ROLE}")
    await owner.execute(
        f"create policy tenant on {name} to {APP_ROLE}"
        " using (organisation_id = app_organisation_id())"
        " with check (organisation_id = app_organisation_id())"
    )
    await owner.execute(f"alter table {name} enable row level security")
    await owner.execute(f"alter table {name} force row level security")
