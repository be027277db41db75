"""Peak memory of a process that does nothing but one registration job, as `/proc` tells it (Linux only)."""

import asyncio
import subprocess
import sys
from pathlib import Path

from app.core import runtime as runtimes
from app.core.settings import Settings
from app.uploads import jobs
from benchmarks import registration
from benchmarks.ground import Ground
from benchmarks.measure import Row

SMALL, LARGE = 10_000, 200_000


async def rows(place: Ground) -> list[Row]:
    """Megabytes of a small job and of a large one."""
    idle = await _peak(place)
    small = await _peak_of_job(place, SMALL)
    large = await _peak_of_job(place, LARGE)
    return [
        Row(
            name=f"worker's memory, {SMALL:,} units",
            unit="MB",
            ours=small,
            floor=idle,
            floor_is="a worker without a job",
            aim="under 300 MB",
        ),
        Row(
            name=f"worker's memory, {LARGE:,} units",
            unit="MB",
            ours=large,
            floor=small,
            floor_is=f"the same with {SMALL:,} units",
            aim="under 300 MB, and flat",
        ),
    ]


async def _peak_of_job(place: Ground, count: int) -> float:
    desk = await registration.opened(place.runtime)
    job = await registration.start(place.runtime, desk, count)
    peak = await _peak(place, *registration.arguments(job).values())
    await registration.must_be_done(place.runtime, job, count)
    return peak


async def _peak(place: Ground, *arguments: str) -> float:
    """Run this module as a process of its own; the megabytes that it prints."""
    settings = place.runtime.settings
    environment = {
        "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url),
        "LABELGRAPH_HOME": str(settings.home),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.memory", *arguments),
        env=environment,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, "the worker ended well"
    return float(said)


async def _work(arguments: list[str]) -> None:
    async with runtimes.opened(Settings()) as runtime:
        if arguments:
            organisation_id, job_id, user_id = arguments
            await jobs.register_files(
                runtime, organisation_id=organisation_id, job_id=job_id, user_id=user_id
            )


def _peak_so_far() -> float:
    # not getrusage: its peak is that of the parent as well, if that was larger at the fork
    status = Path("/proc/self/status").read_text()
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kibibytes) * 1024 / 1_000_000


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1:]))
    print(_peak_so_far())
