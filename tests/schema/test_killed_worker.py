"""A worker that is killed again and again loses no unit and doubles none."""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.core import ids
from app.core.db import Scope
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.media.samples import samples
from tests.client import Api
from tests.schema.registering import Desk, image, url
from tests.world import World

ROOT = Path(__file__).parents[2]
COUNT, KILLS = 10_000, 8
WORK = (
    "import asyncio; from app import worker; from app.core.settings import Settings;"
    " asyncio.run(worker.run(Settings()))"
)
_UNITS = text(
    "select count(*), count(distinct file_id) filter (where state = 'DONE'),"
    " count(*) filter (where state = 'ERROR') from upload_unit where job_id = :job_id"
)
_CODES = text(
    "select error_code from upload_unit where job_id = :job_id and state = 'ERROR' order by index"
)
_FILES = text("select count(*), count(distinct name) from file where folder_id = :folder_id")

BROKEN: list[tuple[str, Any]] = [
    ("MISSING_OBJECT_URL", {"title": "no url"}),
    ("UNKNOWN_FIELD", image("x.png", colour="red")),
    ("WRONG_TYPE_OF_FIELD", image("x.png", title=7)),
    ("TITLE_TOO_LONG", image("x.png", title="x" * 301)),
    ("OBJECT_URL_TOO_LONG", image("x" * 17_000)),
    ("CLIENT_METADATA_INVALID", image("x.png", clientMetadata=[1])),
    ("MEDIA_METADATA_INVALID", {**image("x.png"), "imageMetadata": {"width": 4}}),
    ("OBJECT_NOT_FOUND", {"objectUrl": "file:///nowhere/at/all.png"}),
]


@asynccontextmanager
async def worker_process(runtime: Runtime) -> AsyncGenerator[asyncio.subprocess.Process]:
    given = {
        "DATABASE_URL": runtime.settings.database_url or "",
        "REDIS_URL": runtime.settings.redis_url or "",
        "LABELGRAPH_HOME": str(runtime.settings.home),
        "LABELGRAPH_SECRET": runtime.secret.decode(),
        "LABELGRAPH_LOCAL_ROOTS": '["/"]',
        "LABELGRAPH_HEARTBEAT_SECONDS": "0.3",
        "LABELGRAPH_STALLED_AFTER_SECONDS": "1",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORK, cwd=ROOT, env={**os.environ, **given}
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def document(seed: random.Random) -> tuple[dict[str, Any], list[str]]:
    """Units of which 137 are broken, in eight ways; the codes that these must get, in order."""
    places = sorted(seed.sample(range(COUNT), 137))
    kinds = [BROKEN[number % len(BROKEN)] for number in range(len(places))]
    images = [unit(number) for number in range(COUNT)]
    for place, (_, element) in zip(places, kinds, strict=True):
        images[place] = element
    return {"images": images}, [code for code, _ in kinds]


def unit(number: int) -> dict[str, Any]:
    """Every tenth one must be read, which takes long enough to be killed in."""
    if number % 10:
        return image(f"{number}.png")
    real = next(one.path for one in samples() if one.path.name == "logo.png")
    return {"objectUrl": url(real), "title": f"{number}.png"}


@pytest.mark.timeout(120)
async def test_ten_thousand_units_survive_a_worker_that_is_killed_again_and_again(
    api: Api, world: World, runtime: Runtime
) -> None:
    seed = random.Random(137)
    given, codes = document(seed)
    desk = await Desk.opened(api, world)
    job = await desk.start({"json": given})
    hits = 0
    for _ in range(KILLS):
        async with worker_process(runtime):
            await asyncio.sleep(seed.uniform(1.2, 2.4))
        hits += (await desk.look(job))["status"] == "PENDING"
    assert hits >= 3
    async with worker_process(runtime):
        ended = await desk.ended(job, seconds=60)
    assert (ended["status"], ended["doneCount"], ended["errorCount"]) == ("DONE", 9_863, 137)
    job_id = ids.decode(Kind.UPLOAD_JOB, job["id"])
    async with runtime.db.read(Scope(desk.folder.organisation_id)) as session:
        counted = (await session.execute(_UNITS, {"job_id": job_id})).one()
        found = (await session.execute(_CODES, {"job_id": job_id})).scalars().all()
        rows = (await session.execute(_FILES, {"folder_id": desk.folder.id})).one()
    assert tuple(counted) == (COUNT, 9_863, 137)
    assert tuple(rows) == (9_863, 9_863)
    assert Counter(found) == Counter(codes)
    assert list(found) == codes
