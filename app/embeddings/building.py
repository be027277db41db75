"""Builds, rebuilds and drops the index over the vectors of one key, beside everybody who reads and writes."""

import asyncpg

from app.core.owner import Builder, Told
from app.embeddings.tables import BITS_ABOVE, bits

GRAPH = "m = 32, ef_construction = 200"
"""With half as many links, some searches found nothing of what is near."""
QUIET = (
    "set (autovacuum_vacuum_scale_factor = 0.5, autovacuum_vacuum_threshold = 100000,"
    " autovacuum_vacuum_insert_scale_factor = 0.5)"
)
"""Mending a graph costs more than building it anew once two in a hundred are dead: we do that in time."""
USUAL = (
    "reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,"
    " autovacuum_vacuum_insert_scale_factor)"
)

_IS_VALID = "select indisvalid from pg_index where indexrelid = to_regclass($1)"
_BROKEN = (
    "select indexrelid::regclass::text as name from pg_index"
    " where indrelid = to_regclass($1) and not indisvalid"
)


async def build(builder: Builder, name: str, dimensions: int, told: Told) -> None:
    """Build the index of the table `name`, anew if it is there; what a crash left half made goes first."""
    await _drop_broken(builder, name)
    index, owner = index_name(name), builder.owner
    if await owner.fetchval(_IS_VALID, index):
        await _make(builder, name, f"reindex index concurrently {index}", told)
        # the graph is new: clearing away the dead rows has nothing to mend in it
        await owner.execute(f"vacuum {name}")
    else:
        await _make(builder, name, creation(name, dimensions), told)
    await owner.execute(f"alter table {name} {QUIET}")
    await owner.execute(f"analyze {name}")


async def drop(builder: Builder, name: str) -> None:
    """Drop the index of the table `name`, if it is there."""
    await _drop_broken(builder, name)
    await builder.owner.execute(f"drop index concurrently if exists {index_name(name)}")
    await builder.owner.execute(f"alter table if exists {name} {USUAL}")


async def _drop_broken(builder: Builder, name: str) -> None:
    for row in await builder.owner.fetch(_BROKEN, name):
        await builder.owner.execute(f"drop index concurrently if exists {row['name']}")


async def _make(builder: Builder, name: str, statement: str, told: Told) -> None:
    try:
        await builder.run(statement, told)
    except asyncpg.DiskFullError:
        # little shared memory, as in containers: the processes of a parallel build meet there
        await builder.owner.execute("set max_parallel_maintenance_workers = 0")
        await _drop_broken(builder, name)
        await builder.run(statement, told)


def index_name(table: str) -> str:
    """What the index over the vectors of a table is called."""
    return f"{table}_ann"


def creation(table: str, dimensions: int) -> str:
    """The statement that makes the index: of the vectors, or of a bit for each component where those are many."""
    kind = "vector halfvec_cosine_ops"
    if dimensions > BITS_ABOVE:
        kind = f"({bits('vector', dimensions)}) bit_hamming_ops"
    return (
        f"create index concurrently {index_name(table)} on {table} using hnsw ({kind})"
        f" with ({GRAPH})"
    )
