"""What the tests of registration share: the mutation, and waiting for a job's end."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from app.core import ids
from app.core.ids import Kind
from app.files.models import Folder, Integration
from tests.client import Api
from tests.world import World

JOB = """
fragment Job on UploadJob {
  id status phase unitCount pendingCount doneCount errorCount cancelledCount fileName ignoreErrors
  errors { code message place }
  units(first: 1000) { nodes {
    index kind location state result name objectUrls
    error { code message isRetryable }
    file { id name type width height frameCount fps durationSeconds pageCount byteSize mimeType
           metadata members(first: 15) { nodes { position file { name type } } } }
  } }
}
"""
REGISTER = (
    """
mutation ($input: RegisterFilesInput!) {
  registerFiles(input: $input) { job { ...Job } replayed userErrors { code message field } }
}
"""
    + JOB
)
LOOK = "query ($id: ID!) { uploadJob(id: $id) { ...Job } }" + JOB


@dataclass(frozen=True, slots=True)
class Desk:
    """Registers into one folder through one integration."""

    api: Api
    folder: Folder
    integration: Integration | None = None

    @classmethod
    async def opened(cls, api: Api, world: World, root: Path | None = Path("/")) -> "Desk":
        """A fresh folder of the caller; `root` is what the integration reaches."""
        assert api.person is not None
        folder = await world.folder(api.person)
        if root is None:
            return cls(api, folder)
        return cls(api, folder, await world.local_integration(api.person, root))

    @property
    def folder_id(self) -> str:
        return ids.encode(Kind.FOLDER, self.folder.id)

    def given(self, source: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The input of registerFiles."""
        given = {"folderId": self.folder_id, "source": source, "ignoreErrors": True, **more}
        if self.integration is not None:
            given["integrationId"] = ids.encode(Kind.INTEGRATION, self.integration.id)
        return given

    async def start(self, source: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new job."""
        payload = await self.api.change(REGISTER, input=self.given(source, **more))
        job: dict[str, Any] = payload["job"]
        return job

    async def register(self, source: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A job and its end."""
        return await self.ended(await self.start(source, **more))

    async def ended(self, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """The job once it has ended. On the way its counts always add up."""
        with anyio.fail_after(seconds):
            while True:
                found = await self.look(job)
                parts = ("pendingCount", "doneCount", "errorCount", "cancelledCount")
                assert found["unitCount"] == sum(found[part] for part in parts)
                if found["status"] != "PENDING":
                    return found
                await anyio.sleep(0.05)

    async def look(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job as it is now."""
        found: dict[str, Any] = (await self.api(LOOK, id=job["id"]))["uploadJob"]
        return found

    async def moving(self, job: dict[str, Any]) -> None:
        """Wait until a job has finished its first units."""
        look = "query ($id: ID!) { uploadJob(id: $id) { doneCount } }"
        with anyio.fail_after(60):
            while not (await self.api(look, id=job["id"]))["uploadJob"]["doneCount"]:  # noqa: ASYNC110
                await anyio.sleep(0.02)


def units(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The units of a job, in the order of the document."""
    found: list[dict[str, Any]] = job["units"]["nodes"]
    return found


def url(path: Path) -> str:
    """A file of this machine as an object URL."""
    return path.as_uri()


def image(name: str, **more: Any) -> dict[str, Any]:
    """An image that nobody needs to look at."""
    metadata = {"width": 4, "height": 3, "file_size": 99, "mime_type": "image/png"}
    return {"objectUrl": f"file:///nowhere/{name}", "imageMetadata": metadata, **more}
