"""Loaders that read bare rows for many keys by one statement, as far as somebody may see them."""

from collections.abc import Collection, Mapping
from typing import Any

from app.accounts.actor import Actor
from app.core.reads import Reads


class HotBatch:
    """Base of these loaders: equal ones batch together."""

    async def read(
        self,
        reads: Reads,
        actor: Actor,
        keys: Collection[Any],
        columns: frozenset[str] | None = None,
    ) -> Mapping[Any, Any]:
        """What was found for each of the keys; rows have these columns only, None: all."""
        raise NotImplementedError
