"""Deletes the bytes of deleted files from our own store, after the commit that deleted them."""

from collections.abc import Awaitable, Callable, Sequence

from app.core.runtime import Runtime
from app.files.removal import FORGET_OBJECTS


async def forget_objects(runtime: Runtime, keys: Sequence[str]) -> None:
    """The job: remove these objects. Running it twice does no harm."""
    for key in keys:
        await runtime.storage.delete(key)


TASKS: dict[str, Callable[..., Awaitable[None]]] = {FORGET_OBJECTS: forget_objects}
"""By name, for the worker."""
