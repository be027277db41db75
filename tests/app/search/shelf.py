"""Sixty files with all that can be filtered by: for many keys one bad value among the good."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.accounts.service import create_tag
from app.collections.models import Collection, CollectionFile
from app.core.clock import new_id
from app.files import tags
from app.files.models import File, FileType, Folder, StorageLocation
from app.metadata import service
from app.metadata.kinds import ScalarKind
from app.search import keys
from app.search.keys import Keys
from tests.world import Person, World

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = ["", "a", "A", "ab", "aB", "b_", "b%", "Éa", "éa", "a\\b", "\U0010ffff", "\ud7ffz"]
WORDS = ["fox", "dog", "Quick", "é"]
OPTIONS = ["rain", "sunny", "snow"]
UUIDS = [str(UUID(int=number + (10 << 64))) for number in range(4)]
NUMBERS = [-1.5, -0.0, 0, 1, 1.5, 2**53, 1e300]
TAGS = ["day", "night"]


@dataclass(slots=True)
class Known:
    """A file as the naive evaluation sees it."""

    row: File
    document: dict[str, Any]
    above: list[UUID]
    """Its folder, and those above it."""
    tags: set[str]
    collections: set[UUID] = field(default_factory=set)


@dataclass(slots=True)
class Shelf:
    """The files of one person, and the keys of their organisation."""

    person: Person
    keys: Keys
    folders: list[Folder]
    collections: list[UUID]
    files: list[Known]

    @classmethod
    async def filled(cls, world: World, count: int = 60) -> "Shelf":
        """A fresh organisation with files at random, the same ones each time."""
        person, random = await world.organisation(), Random(7)
        await declare(world, person)
        top = await world.folder(person, "top")
        folders = [top, await world.folder(person, "low", top), await world.folder(person, "side")]
        above = [[top.id], [folders[1].id, top.id], [folders[2].id]]
        tagged = await _tagged(world, person, folders)
        files = []
        for number in range(count):
            place = random.randrange(3)
            document = _document(random)
            row = await world.file(
                person, folders[place], metadata=document, **_columns(random, number, person)
            )
            files.append(Known(row, document, above[place], tagged[place]))
        known = await keys.known(world.runtime.reads).read(world.runtime.reads, person.actor)
        collections = await _collected(world, person, folders[0], files, random)
        return cls(person, known, folders, collections, files)


async def declare(world: World, person: Person) -> None:
    """One key of each type, called after it, and one that is gone."""
    scalars = {kind.value: {"ty": "variant", "hint": kind.value} for kind in ScalarKind}
    document = {
        **scalars,
        "enum": {"ty": "enum", "values": OPTIONS},
        "embedding": {"ty": "embedding", "size": 3, "api": None},
        "geospatial": {"ty": "geospatial"},
        "gone": {"ty": "tombstone", "deleted_ty": scalars["number"]},
    }
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        await service.replace(tx, person.actor, document=document, expected_revision=0)


def instant(number: int) -> datetime:
    """One of the instants that files and filters share."""
    return FIRST + timedelta(days=number, microseconds=number)


def _columns(random: Random, number: int, person: Person) -> dict[str, Any]:
    def perhaps(values: Sequence[Any]) -> Any:
        return random.choice([None, *values])

    created = instant(random.randrange(5))
    return {
        "name": random.choice(TEXTS[1:]),
        "type": random.choice(list(FileType)),
        "storage_location": random.choice(list(StorageLocation)),
        "byte_size": perhaps([0, 1, 2**40]),
        "width": perhaps([1, 2, 3]),
        "height": perhaps([1, 2, 3]),
        "fps": perhaps([0.5, 25.0]),
        "duration_seconds": perhaps([0.5, 60.0]),
        "frame_count": perhaps([1, 2**40]),
        "mime_type": perhaps(["image/png", "video/mp4"]),
        "is_component": random.random() < 0.2,
        "created_at": created,
        "updated_at": created + timedelta(days=random.randrange(2)),
    }


def _document(random: Random) -> dict[str, Any]:
    good: dict[str, Sequence[Any]] = {
        "number": NUMBERS,
        "boolean": [True, False, "true"],
        "datetime": [instant(number).isoformat() for number in range(5)],
        "uuid": [*UUIDS, UUIDS[0].upper()],
        "varchar": [*TEXTS, "x" * 600],
        "text": [" ".join(random.sample(WORDS, random.randrange(4))) for _ in range(5)],
        "enum": OPTIONS,
    }
    bad = {
        "number": "1",
        "boolean": "yes",
        "datetime": "yesterday",
        "uuid": "none",
        "varchar": 1,
        "text": ["fox"],
        "enum": "hail",
    }
    found = {}
    for key, values in good.items():
        chance = random.random()
        if chance < 0.65:
            found[key] = random.choice(list(values))
        elif chance < 0.75:
            found[key] = bad[key]
        elif chance < 0.8:
            found[key] = None
    return _storable(found)


def _storable(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value != "\ud7ff"}


async def _tagged(world: World, person: Person, folders: list[Folder]) -> list[set[str]]:
    """The first folder has both tags, the second one, the third none."""
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        for name in TAGS:
            await create_tag(tx, person.actor, name=name, description="")
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        await tags.attach(tx, person.actor, folders[0].id, TAGS)
        await tags.attach(tx, person.actor, folders[1].id, TAGS[:1])
    return [set(TAGS), set(TAGS[:1]), set()]


async def _collected(
    world: World, person: Person, folder: Folder, files: list[Known], random: Random
) -> list[UUID]:
    ids = [new_id(), new_id()]
    organisation_id = person.organisation_id
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        for one in ids:
            tx.add(
                Collection(organisation_id=organisation_id, id=one, folder_id=folder.id, name="c")
            )
        await tx.flush()
        for file in files:
            for one in ids:
                if random.random() < 0.3:
                    file.collections.add(one)
                    tx.add(
                        CollectionFile(
                            organisation_id=organisation_id, collection_id=one, file_id=file.row.id
                        )
                    )
    return ids
