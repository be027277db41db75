"""`python -m benchmarks.keys`: UUIDv7 keys of the file table, beside bigint keys with the UUID as one more column.

Run by hand, some minutes; docs/adr/0003-uuidv7-keys.md quotes its figures. Both tables have the columns, indexes
and folder's foreign key of `file`, and no row security. Rows come in batches of one folder, as from jobs.
"""

import asyncio
import itertools
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from app.core import clock
from app.core.settings import Settings
from benchmarks import ground, results
from benchmarks.measure import Row, seconds, table

if TYPE_CHECKING:
    import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

FILES = 1_000_000
BATCH = 2_000
ORGANISATIONS = 4
FOLDERS = 1_000
LOOKS = 400
PAGE, IDS = 50, 100
COLUMNS = (
    *("organisation_id", "id", "folder_id", "source_key", "name", "url", "byte_size", "mime_type"),
    *("width", "height", "type", "storage_location", "description", "is_component", "is_tombstone"),
    *("created_at", "updated_at"),
)
KEY_COLUMNS = ("organisation_id", "id", "folder_id", "integration_id", "created_by")
SHOWN = "name, byte_size, width, height, created_at"
MEGABYTE = 1_000_000

Key = UUID | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """One way to key files. `key_of` makes the key of a public id; `public` is the column of the latter."""

    name: str
    sql_type: str
    public: str
    key_of: Callable[[UUID], Key]
    folders: list[tuple[Key, Key]] = field(default_factory=list)
    """Organisation and folder."""
    sample: dict[Key, list[UUID]] = field(default_factory=dict)
    """Public ids of some files of each organisation."""

    async def create(self, bare: Connection) -> None:
        """The tables, with the folders in them."""
        retyped = ", ".join(f"alter {one} type {self.sql_type} using null" for one in KEY_COLUMNS)
        await bare.execute(
            f"create table folder_{self.name} (organisation_id {self.sql_type},"
            f"  id {self.sql_type}, primary key (organisation_id, id));"
            f" create table {self.table} (like file including defaults);"
            f" alter table {self.table} {retyped}, add foreign key (organisation_id, folder_id)"
            f"  references folder_{self.name}, add primary key (organisation_id, id);"
            f" create index on {self.table} (organisation_id, folder_id, id);"
            f" create index on {self.table} (organisation_id, folder_id, name, id);"
            f" create index on {self.table} (organisation_id, folder_id, source_key)"
            "  where source_key is not null;"
        )
        if self.public != "id":
            await bare.execute(f"alter table {self.table} add {self.public} uuid not null unique")
        organisations = itertools.cycle([self._new() for _ in range(ORGANISATIONS)])
        self.folders.extend((next(organisations), self._new()) for _ in range(FOLDERS))
        await bare.copy_records_to_table(f"folder_{self.name}", records=self.folders)

    async def insert(self, bare: Connection, number: int) -> float:
        """One batch of files of one folder, by COPY; files per second."""
        organisation_id, folder_id = self.folders[number % FOLDERS]
        public_ids = [clock.new_id() for _ in range(BATCH)]
        self.sample.setdefault(organisation_id, []).extend(public_ids[::20])
        rows = [
            self._row(organisation_id, folder_id, public_id, f"{number:04}-{position:04}")
            for position, public_id in enumerate(public_ids)
        ]
        columns = COLUMNS if self.public == "id" else (*COLUMNS, self.public)
        copied = bare.copy_records_to_table(self.table, records=rows, columns=columns)
        return BATCH / await seconds(lambda: copied)

    async def first_page(self, bare: Connection) -> float:
        """Milliseconds for the first files of a folder, in the order of their keys."""
        query = (
            f"select {self.public}, {SHOWN} from {self.table}"
            f" where organisation_id = $1 and folder_id = $2 order by id limit {PAGE}"
        )
        used = self.folders[: FILES // BATCH]
        return await _milliseconds(bare, query, *random.choice(used), count=PAGE)

    async def by_ids(self, bare: Connection) -> float:
        """Milliseconds for files that a client names, from all over the organisation."""
        query = (
            f"select {self.public}, {SHOWN} from {self.table}"
            f" where organisation_id = $1 and {self.public} = any($2)"
        )
        organisation_id = random.choice(list(self.sample))
        wanted = random.sample(self.sample[organisation_id], IDS)
        return await _milliseconds(bare, query, organisation_id, wanted, count=IDS)

    async def sizes(self, bare: Connection) -> list[float]:
        """Megabytes of the table, of its four indexes as `file` has them, of the public id's, of all."""
        await bare.execute(f"vacuum analyze {self.table}")
        found = await bare.fetch(
            "select pg_relation_size(indexrelid) as bytes from pg_index"
            " where indrelid = $1::text::regclass order by indexrelid",
            self.table,
        )
        heap = await bare.fetchval("select pg_relation_size($1::text::regclass)", self.table)
        figures = [heap, *(row["bytes"] for row in found)]
        figures += [0] * (self.public == "id")
        return [figure / MEGABYTE for figure in (*figures, sum(figures))]

    @property
    def table(self) -> str:
        """The name of the table."""
        return f"file_{self.name}"

    def _new(self) -> Key:
        return self.key_of(clock.new_id())

    def _row(self, organisation_id: Key, folder_id: Key, public_id: UUID, name: str) -> list[Any]:
        url = f"https://my-bucket.s3.eu-west-2.amazonaws.com/site/{name}.jpg"
        source = UUID(bytes=clock.random_bytes(16))
        now = clock.now()
        key = self.key_of(public_id)
        head = [organisation_id, key, folder_id, source, f"{name}.jpg", url, 123_456, "image/jpeg"]
        tail = [1920, 1080, "IMAGE", "AWS_S3", "", False, False, now, now]
        return head + tail + [public_id] * (self.public != "id")


async def measure(settings: Settings) -> None:
    """Fill both tables in turns, look into both in turns, then weigh them."""
    numbers = itertools.count(1)
    both = [
        Keys(name="uuid", sql_type="uuid", public="id", key_of=lambda public_id: public_id),
        Keys(name="bigint", sql_type="bigint", public="public_id", key_of=lambda _: next(numbers)),
    ]
    async with ground.opened(settings) as place:
        bare = place.bare
        await bare.execute("set plan_cache_mode = force_custom_plan")
        for keys in both:
            await keys.create(bare)
        rates = [[await keys.insert(bare, n) for keys in both] for n in range(FILES // BATCH)]
        sizes = [await keys.sizes(bare) for keys in both]
        pages = [[await keys.first_page(bare) for keys in both] for _ in range(LOOKS)]
        lists = [[await keys.by_ids(bare) for keys in both] for _ in range(LOOKS)]
        rows = [
            *map(_size, ("table", *INDEXES, "all"), *sizes),
            _median("COPY, the last fifth of the rows", "files/s", rates[-len(rates) // 5 :]),
            _median(f"first {PAGE} of a folder", "ms", pages),
            _median(f"{IDS} by public id", "ms", lists),
        ]
        await results.remember(place, "keys", rows)
    print(table(rows))


INDEXES = (
    "primary key",
    "index folder, id",
    "index folder, name",
    "index source",
    "index public id",
)
FLOOR = "bigint, UUID beside"


def _size(name: str, ours: float, floor: float) -> Row:
    return Row(name=name, unit="MB", ours=ours, floor=floor, floor_is=FLOOR)


def _median(name: str, unit: str, figures: Sequence[Sequence[float]]) -> Row:
    ours, floor = (statistics.median(column) for column in zip(*figures, strict=True))
    return Row(name=name, unit=unit, ours=ours, floor=floor, floor_is=FLOOR)


async def _milliseconds(bare: Connection, query: str, *values: Any, count: int) -> float:
    found = list[Any]()

    async def work() -> None:
        found.extend(await bare.fetch(query, *values))

    taken = await seconds(work)
    assert len(found) == count, "everything asked for is there"
    return taken * 1000


if __name__ == "__main__":
    with ground.started() as started:
        asyncio.run(measure(started))
