"""Drops the vectors of keys that are gone for good, or have another type now. Those of a key that can still be
restored wait for that.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import text

from app.core.db import Scope, Tx
from app.core.runtime import Runtime
from app.metadata.service import TIDY_VECTORS

_GONE = text(
    "select v.key_number, v.name from vector_table v"
    " where v.organisation_id = :organisation_id and not exists ("
    " select from metadata_key k where k.organisation_id = v.organisation_id"
    " and k.number = v.key_number and 'embedding' in"
    " (k.definition ->> 'ty', k.definition -> 'deleted_ty' ->> 'ty')) for update"
)
_DROP = text("select drop_vector_table(:number)")
_FORGET = tuple(
    text(
        f"delete from {table} where organisation_id = :organisation_id and key_number = :number"  # noqa: S608  ours
    )
    for table in ("vector_table", "embedding_encoder", "embedding_plot")
)


async def tidy(runtime: Runtime, organisation_id: str) -> None:
    """The job: every table whose key is gone, each in a transaction of its own."""
    scope = Scope(UUID(organisation_id))
    while await _drop_one(runtime, scope):
        pass


async def _drop_one(runtime: Runtime, scope: Scope) -> bool:
    async with runtime.db.transaction(scope) as tx:
        of = {"organisation_id": scope.organisation_id}
        row = (await tx.execute(_GONE, of)).first()
        if row is None:
            return False
        await drop(tx, row.name)
        for statement in _FORGET:
            await tx.execute(statement, {**of, "number": row.key_number})
        return True


async def drop(tx: Tx, name: str) -> None:
    """Drop a table of vectors. Its name ends in a number, which need not be its key's any more."""
    await tx.execute(_DROP, {"number": int(name.rpartition("_")[2])})


TASKS: dict[str, Callable[..., Awaitable[None]]] = {TIDY_VECTORS: tidy}
"""By name, for the worker."""
