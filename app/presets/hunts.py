"""Near duplicates among the files of a search: the filter is kept with the job, in the API's words.

What it said when it was asked for is what counts, for the metadata keys that there are when the job runs.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from app.accounts.actor import Actor
from app.background.models import BackgroundJob
from app.core.db import Session, Tx
from app.core.errors import Conflict
from app.embeddings import duplicates, hunting
from app.embeddings.duplicates import Asked
from app.files.operators import Condition
from app.presets import fitting
from app.presets.collecting import Read
from app.presets.queries import footing_of
from app.presets.service import Written
from app.search import conditions


async def find(tx: Tx, actor: Actor, asked: Asked, written: Written | None) -> BackgroundJob:
    """Start a job that looks among the files that a filter lets through; None: among all that are asked about.

    Raises Invalid, with its path, for a filter that does not fit.
    """
    if written is None:
        return await duplicates.find(tx, actor, asked)
    keys = (await footing_of(tx, actor, written.tree)).keys
    conditions.condition(actor, written.tree, keys)
    return await duplicates.find(tx, actor, asked, written.storable())


def tasks(read: Read) -> dict[str, Callable[..., Awaitable[None]]]:
    """The worker's tasks by name; `read` understands filters."""
    return hunting.tasks(partial(_narrowing, read))


async def _narrowing(
    read: Read, session: Session, actor: Actor, job: BackgroundJob
) -> Condition | None:
    """The filter of a job as SQL on `file`. Raises Conflict if it no longer fits."""
    document = job.input.get("filter")
    if document is None:
        return None
    tree = read(document)
    footing = await footing_of(session, actor, tree)
    problems = fitting.problems(tree, footing)
    if problems:
        raise Conflict(f"The filter no longer fits: {problems[0].message}")
    return conditions.condition(actor, tree, footing.keys)
