"""Reading older files again after a change of the schema, on the real database with a real worker."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select, update

from app.core.clock import new_id
from app.files import reindex
from app.files.models import File, FileDocument, FileText, FileType, FileTypeError
from app.files.reindex import START, part_of, read_batch
from app.metadata import queries, service
from app.metadata.kinds import ScalarKind
from app.metadata.models import KeyState, MetadataKey
from app.metadata.queries import Indexers
from tests.world import Person, World


@pytest.fixture
async def person(world: World) -> Person:
    return await world.organisation()


async def put_files(
    world: World, person: Person, documents: Sequence[dict[str, Any]]
) -> list[UUID]:
    """Videos of 10 frames per second with this metadata."""
    folder = await world.folder(person)
    files = [
        await world.file(person, folder, metadata=document, type=FileType.VIDEO, fps=10)
        for document in documents
    ]
    return [file.id for file in files]


async def add(world: World, person: Person, key: str, kind: ScalarKind) -> MetadataKey:
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        return await service.add_scalar(tx, person.actor, key=key, kind=kind)


async def step(world: World, person: Person) -> bool:
    return await read_batch(world.runtime.db, person.actor.scope, Indexers())


async def finish(world: World, person: Person) -> None:
    await reindex.reindex(world.runtime, person.organisation_id.hex)


async def until_ready(world: World, person: Person) -> None:
    """Wait for the worker."""
    async with asyncio.timeout(60):
        while any(key.state is KeyState.INDEXING for key in await keys(world, person)):  # noqa: ASYNC110  the worker
            await asyncio.sleep(0.02)


async def keys(world: World, person: Person) -> list[MetadataKey]:
    async with world.runtime.db.read(person.actor.scope) as session:
        return list(await session.exec(queries.visible(person.actor).order_by(MetadataKey.name)))


async def attrs(world: World, person: Person) -> list[dict[str, Any]]:
    """The typed documents, oldest file first."""
    async with world.runtime.db.read(person.actor.scope) as session:
        return list(await session.exec(select(File.attrs).order_by(File.id)))


async def errors(world: World, person: Person) -> list[tuple[int, int, str]]:
    async with world.runtime.db.read(person.actor.scope) as session:
        rows = await session.exec(select(FileTypeError).order_by(FileTypeError.file_id))
        return [(row.key_number, row.frame, row.found) for row in rows]


@pytest.mark.usefixtures("worker")
async def test_a_new_key_finds_the_values_that_files_already_hold(
    world: World, person: Person
) -> None:
    await put_files(
        world, person, [{"price": 0.5}, {"price": "n/a"}, {"other": 1}, {"price": None}]
    )
    key = await add(world, person, "price", ScalarKind.NUMBER)
    assert key.state is KeyState.INDEXING
    await until_ready(world, person)
    assert await attrs(world, person) == [{"k1": 0.5}, {}, {}, {}]
    found = 'Expected a number; found the text "n/a".'
    assert await errors(world, person) == [(1, -1, found)]


async def test_without_any_metadata_a_key_is_ready_at_once(world: World, person: Person) -> None:
    assert (await add(world, person, "price", ScalarKind.NUMBER)).state is KeyState.READY


async def test_another_type_reads_again_and_leaves_nothing_of_the_old_one(
    world: World, person: Person
) -> None:
    await put_files(world, person, [{"price": 0.5, "site": "a"}, {"price": "much", "site": "b"}])
    await add(world, person, "site", ScalarKind.VARCHAR)
    await add(world, person, "price", ScalarKind.NUMBER)
    await finish(world, person)
    assert await attrs(world, person) == [{"k1": "a", "k2": 0.5}, {"k1": "b"}]
    changed = await add(world, person, "price", ScalarKind.VARCHAR)
    assert (changed.number, changed.retired_numbers) == (3, [2])
    await finish(world, person)
    assert await attrs(world, person) == [{"k1": "a"}, {"k1": "b", "k3": "much"}]
    assert [number for number, _, _ in await errors(world, person)] == [3]
    assert [key.retired_numbers for key in await keys(world, person)] == [[], []]


async def test_a_deleted_key_leaves_no_values_and_a_restored_one_finds_them_again(
    world: World, person: Person
) -> None:
    await put_files(world, person, [{"price": 0.5}, {"price": "much"}])
    await add(world, person, "price", ScalarKind.NUMBER)
    await finish(world, person)
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        await service.delete_key(tx, person.actor, key="price", is_hard=False)
    await finish(world, person)
    assert (await attrs(world, person), await errors(world, person)) == ([{}, {}], [])
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        await service.restore_key(tx, person.actor, key="price")
    await finish(world, person)
    assert await attrs(world, person) == [{"k2": 0.5}, {}]
    assert [number for number, _, _ in await errors(world, person)] == [2]


async def test_texts_are_read_for_their_words_and_may_be_very_long(
    world: World, person: Person
) -> None:
    long = " ".join(f"word{number:x}" for number in range(300_000))
    await put_files(world, person, [{"story": "A quick Fox"}, {"story": long}, {"story": 7}])
    await add(world, person, "story", ScalarKind.TEXT)
    await finish(world, person)
    async with world.runtime.db.read(person.actor.scope) as session:
        found = await session.exec(
            select(FileText.file_id).where(text("document @@ to_tsquery('simple', 'fox')"))
        )
        assert len(found.all()) == 1
        assert len((await session.exec(select(FileText.file_id))).all()) == 2
    assert await attrs(world, person) == [{}, {}, {}]


async def test_values_of_frames_are_checked_those_of_other_keys_not_twice(
    world: World, person: Person
) -> None:
    wrong = {"price": "n/a", "size": "n/a"}
    frames = {"config": {"keyframe_mode": "seconds"}, "frames": {"1.5": wrong}}
    await put_files(world, person, [{"$encord": frames}])
    for key in ("price", "size"):
        await add(world, person, key, ScalarKind.NUMBER)
        await finish(world, person)
    found = [(number, frame) for number, frame, _ in await errors(world, person)]
    assert sorted(found) == [(1, 15), (2, 15)]


async def test_a_killed_job_goes_on_where_it_was(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "BATCH", 2)
    ids = await put_files(world, person, [{"price": number} for number in range(5)])
    await add(world, person, "price", ScalarKind.NUMBER)
    assert await step(world, person)
    assert [key.read_to for key in await keys(world, person)] == [ids[1]]
    assert await attrs(world, person) == [{"k1": 0.0}, {"k1": 1.0}, {}, {}, {}]
    steps = 0
    while await step(world, person):
        steps += 1
    assert steps == 3, "two batches, and one look that finds no more"
    assert await attrs(world, person) == [{"k1": float(number)} for number in range(5)]
    assert [key.state for key in await keys(world, person)] == [KeyState.READY]


async def test_a_batch_holds_so_many_bytes_but_at_least_one_file(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "BATCH_BYTES", 1)
    ids = await put_files(world, person, [{"price": 1}, {"price": 2}])
    await add(world, person, "price", ScalarKind.NUMBER)
    await step(world, person)
    assert [key.read_to for key in await keys(world, person)] == [ids[0]]


async def test_a_change_meanwhile_sends_only_its_own_key_back_to_the_start(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "BATCH", 2)
    ids = await put_files(world, person, [{"a": number, "b": str(number)} for number in range(5)])
    await add(world, person, "a", ScalarKind.NUMBER)
    await step(world, person)
    await add(world, person, "b", ScalarKind.VARCHAR)
    assert [key.read_to for key in await keys(world, person)] == [ids[1], None]
    await finish(world, person)
    assert await attrs(world, person) == [
        {"k1": float(number), "k2": str(number)} for number in range(5)
    ]


async def test_a_file_that_is_written_at_the_same_moment_keeps_what_its_writer_said(
    world: World, person: Person
) -> None:
    (file_id,) = await put_files(world, person, [{"price": 1}])
    await add(world, person, "price", ScalarKind.NUMBER)
    async with world.runtime.db.transaction(person.actor.scope) as tx:
        await queries.pin(tx, person.organisation_id)
        mine = FileDocument.file_id == file_id
        await tx.exec(update(File).where(File.id == file_id).values(attrs={"k1": 2.0}))
        await tx.exec(update(FileDocument).where(mine).values(document={"price": 2}))
        reading = asyncio.create_task(step(world, person))
        done, _ = await asyncio.wait([reading], timeout=0.3)
        assert not done, "the job waits for the writer"
    await reading
    assert await attrs(world, person) == [{"k1": 2.0}]


async def test_a_job_of_no_organisation_ends(world: World) -> None:
    await reindex.reindex(world.runtime, new_id().hex)


def a_key(name: str, read_to: UUID | None) -> MetadataKey:
    return MetadataKey(organisation_id=START, number=1, name=name, definition={}, read_to=read_to)


ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("marks", "names", "after", "upto"),
    [
        ([None], ["0"], START, None),
        ([None, None], ["0", "1"], START, None),
        ([ONE, None], ["1"], START, ONE),
        ([ONE, TWO, ONE], ["0", "2"], ONE, TWO),
    ],
)
def test_the_keys_that_have_come_least_far_go_first(marks, names, after, upto):
    part = part_of([a_key(str(place), mark) for place, mark in enumerate(marks)])
    assert part is not None
    assert [key.name for key in part.keys] == names
    assert (part.after, part.upto) == (after, upto)


def test_without_keys_there_is_nothing_to_do():
    assert part_of([]) is None
