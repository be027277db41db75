"""What the loops of a process need: an end that is sure, and a collector that does not stop them."""

import asyncio
import gc
from typing import Any

ASK_AGAIN_SECONDS = 0.2


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel the tasks and wait until they are gone.

    One cancellation is not enough: a client library in the middle of a time-out of its own may take it for
    that and go on (seen with redis-py's blocking reads).
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=ASK_AGAIN_SECONDS)


def settle_memory() -> None:
    """Take what was made at the start out of the garbage collector's sight.

    A full collection would walk it again and again: 0.3 s in which the loop stands still. Call once, when
    everything is open.
    """
    gc.collect()
    gc.freeze()
