"""Ends background loops for sure."""

import asyncio
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
