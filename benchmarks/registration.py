"""A registration job from its document to its files, beside a bare COPY of the rows that it wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from app.accounts.actor import Actor
from app.core import clock
from app.core.db import Scope, Tx
from app.core.runtime import Runtime
from app.core.storage.integrations import AccessKey, Allowances, AmazonS3
from app.files import folders, integrations
from app.metadata import service as metadata
from app.metadata.kinds import ScalarKind
from app.uploads import jobs, service
from app.uploads.models import DocumentFormat, JobStatus, UploadJob
from app.uploads.service import Registration
from benchmarks import ground
from benchmarks.ground import Ground
from benchmarks.measure import Row, interleaved, seconds

COUNT = 10_000
REPEATS = 3
TABLES = {"file": "id", "file_document": "file_id", "upload_unit": "file_id"}
"""What a job writes, and the column that has the file's id."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A fresh organisation with two declared keys, and where its files go."""

    actor: Actor
    folder_id: UUID
    integration_id: UUID


async def rows(place: Ground) -> list[Row]:
    """Units per second."""
    ours, floor = await interleaved(REPEATS, lambda: _ours(place), lambda: _floor(place))
    return [
        Row(
            name=f"registration of {COUNT:,} images",
            unit="units/s",
            ours=ours,
            floor=floor,
            floor_is="COPY of the same rows, made beforehand",
            aim="a quarter of the floor",
        )
    ]


async def opened(runtime: Runtime) -> Desk:
    """The desk, made through the services."""
    actor = await ground.administrator(runtime)
    async with runtime.db.transaction(actor.scope) as tx:
        await metadata.add_scalar(tx, actor, key="site", kind=ScalarKind.VARCHAR)
        await metadata.add_scalar(tx, actor, key="price", kind=ScalarKind.NUMBER)
        folder = await folders.create(tx, actor, name="Images")
        return Desk(actor, folder.id, await _integration(tx, actor, runtime.secret))


async def start(runtime: Runtime, desk: Desk, count: int) -> UploadJob:
    """A job that is ready to be run, its document in our store."""
    key = f"documents/{clock.new_id().hex}"
    await runtime.storage.put(key, document(count))
    asked = Registration(
        folder_id=desk.folder_id,
        integration_id=desk.integration_id,
        format=DocumentFormat.JSON,
        document_key=key,
        ignore_errors=True,
    )
    async with runtime.db.transaction(desk.actor.scope) as tx:
        return await service.register(tx, desk.actor, asked)


def document(count: int) -> bytes:
    """Images with the caller's media metadata and a little client metadata."""
    return orjson.dumps({"images": [_image(number) for number in range(count)]})


def arguments(job: UploadJob) -> dict[str, str]:
    """What the worker is given."""
    return {
        "organisation_id": job.organisation_id.hex,
        "job_id": job.id.hex,
        "user_id": job.created_by.hex,
    }


async def must_be_done(runtime: Runtime, job: UploadJob, count: int) -> None:
    """Fails unless every unit of the job became a file."""
    async with runtime.db.read(Scope(job.organisation_id)) as session:
        found = await session.get_one(UploadJob, (job.organisation_id, job.id))
    assert (found.status, found.done_count) == (JobStatus.DONE, count), found


def _image(number: int) -> dict[str, Any]:
    return {
        "objectUrl": f"https://my-bucket.s3.eu-west-2.amazonaws.com/site/{number:07}.jpg",
        "imageMetadata": {
            "mime_type": "image/jpeg",
            "file_size": 123_456,
            "width": 1920,
            "height": 1080,
        },
        "clientMetadata": {"site": f"north {number % 100}", "price": number / 7, "batch": "first"},
    }


async def _integration(tx: Tx, actor: Actor, secret: bytes) -> UUID:
    """One that is never asked for bytes: the documents say what the images are."""
    store = AmazonS3("eu-west-2", AccessKey("an id", "a secret"))
    made = await integrations.create(
        tx,
        actor,
        title="S3",
        store=store,
        is_strict_client_only=False,
        secret=secret,
        allowances=Allowances(),
    )
    return made.id


async def _ours(place: Ground) -> float:
    runtime = place.runtime
    job = await start(runtime, await opened(runtime), COUNT)
    taken = await seconds(lambda: jobs.register_files(runtime, **arguments(job)))
    await must_be_done(runtime, job, COUNT)
    return COUNT / taken


async def _floor(place: Ground) -> float:
    """The rows of the newest job again, as another organisation's, in one transaction of the owner."""
    desk = await opened(place.runtime)
    job = await start(place.runtime, desk, 1)
    fresh = {
        "organisation_id": desk.actor.organisation_id,
        "folder_id": desk.folder_id,
        "integration_id": desk.integration_id,
        "job_id": job.id,
    }
    tables = {name: await _again(place, name, fresh) for name in TABLES}

    async def copied() -> None:
        async with place.bare.transaction():
            for name, (columns, records) in tables.items():
                await place.bare.copy_records_to_table(name, records=records, columns=columns)

    return COUNT / await seconds(copied)


async def _again(
    place: Ground, name: str, fresh: Mapping[str, UUID]
) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of the newest job in one of its tables, with `fresh` ids and new ones for files."""
    newest = await place.bare.fetchval(
        "select organisation_id from upload_job where status = 'DONE' order by id desc limit 1"
    )
    found = await place.bare.fetch(f"select * from {name} where organisation_id = $1", newest)
    assert len(found) == COUNT, f"{name} has the rows of one job"
    file_id = TABLES[name]
    renewed = [{**row, **_known(row, fresh), file_id: _shifted(row[file_id])} for row in found]
    return list(renewed[0]), [list(row.values()) for row in renewed]


def _known(row: Any, fresh: Mapping[str, UUID]) -> dict[str, UUID]:
    return {name: value for name, value in fresh.items() if name in row.keys()}  # noqa: SIM118


def _shifted(file_id: UUID) -> UUID:
    """Another UUIDv7 of the same moment: the same one for the same file in each of the tables."""
    return UUID(int=file_id.int ^ 0xFFFF)
