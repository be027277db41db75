"""Builds and drops the indexes of metadata keys and of files' columns, beside everybody who writes."""

from app.core.owner import Builder, Told
from app.search.indexes import KeyIndex

_IS_VALID = (
    "select i.indisvalid from pg_class c join pg_index i on i.indexrelid = c.oid"
    " where c.oid = to_regclass($1)"
)


async def build(builder: Builder, index: KeyIndex, told: Told) -> None:
    """Build the index unless it is there; one that a crash has left half made is dropped first."""
    is_valid = await builder.owner.fetchval(_IS_VALID, index.name)
    if is_valid is False:
        await drop(builder, index.name)
    if not is_valid:
        await builder.run(index.creation, told)
    if index.statistics is not None:
        await builder.owner.execute(index.statistics)


async def drop(builder: Builder, name: str) -> None:
    """Drop the index and the statistics of this name, if they are there."""
    await builder.owner.execute(f"drop index concurrently if exists {name}")
    await builder.owner.execute(f"drop statistics if exists {name}")


async def analyze(builder: Builder, table: str) -> None:
    """Look at the table's values; without that plans may be a hundred times off."""
    await builder.owner.execute(f"analyze {table}")
