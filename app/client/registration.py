"""Registers files through a job of the server, and follows it to its end."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from app.client.graphql import Api

JOB = "id status phase unitCount pendingCount doneCount errorCount cancelledCount"
REGISTER = f"""
mutation Register($input: RegisterFilesInput!) {{
  registerFiles(input: $input) {{ userErrors {{ message field }} replayed job {{ {JOB} }} }}
}}
"""
PROGRESS = f"""
subscription Progress($jobId: ID!, $after: EventCursor, $pause: Int!) {{
  uploadProgress(jobId: $jobId, after: $after, minIntervalMs: $pause) {{ cursor job {{ {JOB} }} }}
}}
"""
FAILURES = """
query Failures($id: ID!, $after: String) {
  uploadJob(id: $id) {
    errors { message place }
    units(states: [ERROR], first: 1000, after: $after) {
      nodes { index location name objectUrls error { code message isRetryable } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A registration job at one moment; the four counts add up to `unit_count`."""

    id: str
    status: str
    phase: str
    unit_count: int
    pending_count: int
    done_count: int
    error_count: int
    cancelled_count: int

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Job":
        """From the answer of the server."""
        return cls(
            id=found["id"],
            status=found["status"],
            phase=found["phase"],
            unit_count=found["unitCount"],
            pending_count=found["pendingCount"],
            done_count=found["doneCount"],
            error_count=found["errorCount"],
            cancelled_count=found["cancelledCount"],
        )

    @property
    def is_running(self) -> bool:
        """Whether it will move on by itself."""
        return self.status == "PENDING"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was not registered, and why. `place`: where it stands in the document."""

    place: str
    name: str
    code: str
    message: str


async def register(api: Api, **asked: Any) -> tuple[Job, bool]:
    """Start a job with the members of RegisterFilesInput; and whether an earlier run has started it."""
    payload = await api.change(REGISTER, input=asked)
    return Job.of(payload["job"]), payload["replayed"]


async def followed(api: Api, job_id: str, pause_ms: int = 100) -> AsyncGenerator[Job]:
    """The job now, whenever it moved, and at its end."""
    async for event in api.follow(PROGRESS, jobId=job_id, pause=pause_ms):
        yield Job.of(event["job"])


async def failures(api: Api, job_id: str) -> list[Failure]:
    """Everything that failed, in the order of the document; first the faults of the document itself."""
    found: list[Failure] = []
    after: str | None = None
    while True:
        job = (await api.ask(FAILURES, id=job_id, after=after))["uploadJob"]
        if after is None:
            found += [Failure(e["place"], "", "DOCUMENT", e["message"]) for e in job["errors"]]
        found += [_failure(unit) for unit in job["units"]["nodes"]]
        if not job["units"]["pageInfo"]["hasNextPage"]:
            return found
        after = job["units"]["pageInfo"]["endCursor"]


def _failure(unit: dict[str, Any]) -> Failure:
    name = unit["name"] or next(iter(unit["objectUrls"]), "")
    error = unit["error"]
    return Failure(unit["location"], name, error["code"], error["message"])
