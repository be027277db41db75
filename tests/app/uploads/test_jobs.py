"""What ends a registration job that cannot go on."""

from uuid import UUID

from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.uploads import jobs
from app.uploads.models import UploadJob
from tests.client import Api
from tests.schema.registering import Desk, image
from tests.world import World


async def test_a_job_whose_document_is_gone_ends_with_an_error_and_is_not_tried_for_ever(
    api: Api, world: World, runtime: Runtime
) -> None:
    assert api.person is not None
    desk = await Desk.opened(api, world)
    told = await desk.start({"json": {"images": [image("a.png")]}})
    found = ids.split(told["id"])
    assert found is not None
    kind, job_id = found
    assert kind is Kind.UPLOAD_JOB
    await runtime.storage.delete(await document_key(runtime, api, job_id))
    await jobs.register_files(
        runtime,
        organisation_id=api.person.organisation_id.hex,
        job_id=job_id.hex,
        user_id=api.person.user_id.hex,
    )
    assert (await desk.look(told))["status"] == "ERROR"


async def document_key(runtime: Runtime, api: Api, job_id: UUID) -> str:
    assert api.person is not None
    async with runtime.db.read(api.person.actor.scope) as session:
        job = await session.get_one(UploadJob, (api.person.organisation_id, job_id))
        return job.document_key
