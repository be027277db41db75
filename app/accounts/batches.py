"""Loaders that read bare rows for many keys by one statement, as far as somebody may see them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any

from app.accounts.actor import Actor
from app.core.reads import Reads


class HotBatch(ABC):
    """Base of these loaders: equal ones batch together."""

    @abstractmethod
    async def read(
        self,
        reads: Reads,
        actor: Actor,
        keys: Collection[Any],
        columns: frozenset[str] | None = None,
    ) -> Mapping[Any, Any]:
        """What was found for each of the keys; rows have these columns only, None: all."""
