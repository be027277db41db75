"""Bytes of deleted files go from our own store, once the deletion is committed."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.errors import Conflict
from app.core.runtime import Runtime
from app.core.storage.errors import ObjectNotFound
from app.files import folders, objects, service
from app.files.models import FileType
from tests.world import World


async def jobs(runtime: Runtime, key: str) -> list[dict[str, Any]]:
    """The arguments of the jobs that speak of an object."""
    statement = (
        "select args from procrastinate_jobs where task_name = :task and args::text like :key"
    )
    async with runtime.db.engine.connect() as connection:
        found = await connection.execute(
            text(statement), {"task": objects.FORGET_OBJECTS, "key": f"%{key}%"}
        )
        return list(found.scalars())


async def test_the_deletion_of_a_file_asks_for_its_bytes(runtime: Runtime, world: World) -> None:
    person = await world.organisation()
    folder = await world.folder(person)
    file = await world.file(person, folder, object_key=f"uploads/{folder.id.hex}")
    async with runtime.db.transaction(person.actor.scope) as tx:
        await service.remove(tx, person.actor, [file.id], folder_id=folder.id)
    assert await jobs(runtime, folder.id.hex) == [{"keys": [f"uploads/{folder.id.hex}"]}]


async def test_a_refused_deletion_asks_for_nothing(runtime: Runtime, world: World) -> None:
    person = await world.organisation()
    folder = await world.folder(person)
    file = await world.file(person, folder, object_key=f"uploads/{folder.id.hex}")
    group = await world.file(person, await world.folder(person), type=FileType.GROUP)
    await world.member_of(group, file)
    with pytest.raises(Conflict):
        async with runtime.db.transaction(person.actor.scope) as tx:
            await folders.remove(tx, person.actor, folder.id)
    assert await jobs(runtime, folder.id.hex) == []


async def test_the_job_removes_the_bytes_and_may_run_again(runtime: Runtime, world: World) -> None:
    key = f"uploads/{(await world.organisation()).organisation_id.hex}"
    await runtime.storage.put(key, b"12345")
    for _ in range(2):
        await objects.forget_objects(runtime, keys=[key])
    with pytest.raises(ObjectNotFound):
        await runtime.storage.head(key)
