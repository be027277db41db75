"""The data of the search's figures: three organisations in one database, with typed metadata on every file.

900,000, 90,000 and 10,000 files (a hundredth part of these for a quick look), each with the keys below. Values are
spread evenly and independently of each other, so that the selectivity of each question is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app.accounts import credentials
from app.accounts.actor import Actor
from app.accounts.roles import EntityRole
from app.accounts.tokens import TokenScope
from app.core import runtime as runtimes
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.files import folders, grants
from app.files.grants import Grantees
from app.metadata import queries, service
from app.metadata.kinds import ScalarKind
from app.search import indexing, partitions
from benchmarks import field, ground
from benchmarks.field import Place
from benchmarks.shelf import Shelf

SIZES = (900_000, 90_000, 10_000)
NUMBERS = ("rare", "common", "score", "sparse")
"""10,000 and 100 different values; evenly from 0 to 1; in 1 % of the files."""
OPTIONS = ("a", "b", "c", "d", "e")

_FILES = """
insert into file (organisation_id, id, folder_id, type, name, description, storage_location, url, byte_size,
    mime_type, width, height, is_component, is_tombstone, attrs, revision, created_by, created_at, updated_at)
select $1, uuidv7(), ($2::uuid[])[1 + n % cardinality($2::uuid[])], 'IMAGE',
    'camera ' || n % 7 || '/' || md5(n::text) || '.jpg', '', 'AWS_S3',
    'https://a-bucket-of-ours.s3.eu-central-1.amazonaws.com/' || n || '.jpg',
    100000 + n, 'image/jpeg', 1920, 1080, false, false,
    jsonb_strip_nulls(jsonb_build_object(
        keys[1], floor(random() * 10000), keys[2], floor(random() * 100), keys[3], random(),
        keys[4], case when random() < 0.01 then random() end,
        keys[5], substr('abcde', 1 + floor(random() * 5)::int, 1),
        keys[6], case when random() < 0.8 then 'a' else substr('bcde', 1 + floor(random() * 4)::int, 1) end,
        keys[7], random() < 0.5,
        keys[8], 1.7e15 + floor(random() * 3.15e13),
        keys[9], md5(random()::text),
        keys[10], case when random() < 0.2 then uuidv7()::text end)),
    1, $5, timestamptz '2026-01-01Z' + n * interval '1 s', timestamptz '2026-01-01Z' + n * interval '1 s'
from generate_series(0, $4 - 1) as n, (select $3::text[] as keys) as named
"""
_TEXTS = """
insert into file_text (organisation_id, file_id, key_number, document)
select $1, id, $2, to_tsvector('simple', (
    select string_agg('w' || floor(pow(random(), 3) * 20000)::int, ' ') from generate_series(1, 25)
    where f.id is not null))
from file f where organisation_id = $1
"""


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation: who asks in it, and the numbers of its keys by name."""

    actor: Actor
    token: str
    numbers: dict[str, int]
    size: int


async def place(
    settings: Settings, name: str, bus: int, sizes: Sequence[int]
) -> tuple[Place, list[Tenant]]:
    """A database of its own with the organisations; the indexes of their keys are built.

    The largest has a partition of its own, as docs/operating.md says that it should; the others share one.
    """
    own = await field.database(settings, name, bus)
    async with runtimes.opened(own) as runtime:
        tenants = await filled(own, runtime, sizes)
        await partitions.own_partition(own, tenants[0].actor.organisation_id)
        for tenant in tenants:
            organisation = tenant.actor.organisation_id.hex
            await indexing.reconcile(runtime, organisation)
            await indexing.build(runtime, organisation)
    largest = tenants[0]
    who = largest.actor.organisation_id, largest.actor.user_id, largest.token
    return Place(own, Shelf(*who, largest.size, UUID(int=0))), tenants


async def filled(settings: Settings, runtime: Runtime, sizes: Sequence[int]) -> list[Tenant]:
    """The organisations with their files; statistics are taken, indexes are not built."""
    bare = await asyncpg.connect(settings.owner_database_url or settings.database_url)
    try:
        found = [await _tenant(runtime, bare, size) for size in sizes]
        await bare.execute("vacuum analyze", timeout=900)
    finally:
        await bare.close()
    return found


async def _tenant(
    runtime: Runtime, bare: "asyncpg.Connection[asyncpg.Record]", size: int
) -> Tenant:
    actor = await ground.administrator(runtime)
    numbers = await _keys(runtime, actor)
    folder_ids, token = await _folders(runtime, actor)
    names = [
        f"k{numbers[name]}" for name in (*NUMBERS, "choice", "mostly", "flag", "at", "code", "ref")
    ]
    asked = actor.organisation_id, folder_ids, names, size, actor.user_id
    await bare.execute(_FILES, *asked, timeout=900)
    await bare.execute(_TEXTS, actor.organisation_id, numbers["words"], timeout=900)
    return Tenant(actor, token, numbers, size)


async def _keys(runtime: Runtime, actor: Actor) -> dict[str, int]:
    kinds = {
        **dict.fromkeys(NUMBERS, ScalarKind.NUMBER),
        "flag": ScalarKind.BOOLEAN,
        "at": ScalarKind.DATETIME,
        "code": ScalarKind.VARCHAR,
        "ref": ScalarKind.UUID,
        "words": ScalarKind.TEXT,
    }
    async with runtime.db.transaction(actor.scope) as tx:
        for key, kind in kinds.items():
            await service.add_scalar(tx, actor, key=key, kind=kind)
        for key in ("choice", "mostly"):
            await service.add_enum(tx, actor, key=key, options=OPTIONS)
        stored = await queries.schema_of(tx, actor)
    return {name: entry.number for name, entry in stored.schema.entries.items()}


async def _folders(runtime: Runtime, actor: Actor) -> tuple[list[UUID], str]:
    """Ten folders, all of which the caller has a role on, and the caller's token."""
    async with runtime.db.transaction(actor.scope) as tx:
        top = await folders.create(tx, actor, name="Everything")
        mine = Grantees(user_ids=frozenset({actor.user_id}))
        await grants.give(tx, top, mine, EntityRole.USER)
        below = [
            await folders.create(tx, actor, name=f"Part {n}", parent_id=top.id) for n in range(10)
        ]
        _, token = await credentials.create_token(
            tx,
            actor.organisation_id,
            actor.user_id,
            name="Benchmarks",
            scopes=[TokenScope.READ],
            expires_at=None,
            pepper=runtime.secret,
        )
        return [one.id for one in below], token
