"""What features open when it is first needed, and a process then keeps until it ends."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

T = TypeVar("T")


class Held:
    """Opened things by name."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._opened: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    async def get(self, name: str, opening: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        """What `opening` gives, opened once under this name; closed with everything else."""
        async with self._lock:
            if name not in self._opened:
                self._opened[name] = await self._stack.enter_async_context(opening())
            found: T = self._opened[name]
            return found

    async def close(self) -> None:
        """Close all of it, the last opened first."""
        self._opened.clear()
        await self._stack.aclose()
