"""Rows by their ids, as far as somebody may see them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam
from sqlmodel import SQLModel

from app.accounts.actor import Actor
from app.accounts.batches import HotBatch
from app.core.compiled import Compiled
from app.core.db import Session
from app.core.joins import Join
from app.core.reads import Reads, Row

T = TypeVar("T", bound=SQLModel)


@dataclass(frozen=True)
class ById(HotBatch, Generic[T]):
    """A loader of one table. `visible` gives the rows that an actor may look at, whoever asks for what."""

    model: type[T]
    visible: Callable[[Actor], Select[Any]]

    async def __call__(self, session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, T]:
        """The entities, in the transaction of a session; what the actor may not see is left out."""
        statement = self.visible(actor).where(self._id.in_(ids))
        return {row.id: row for row in (await session.execute(statement)).scalars()}

    async def read(
        self,
        reads: Reads,
        actor: Actor,
        ids: Collection[UUID],
        columns: frozenset[str] | None = None,
    ) -> dict[UUID, Row]:
        """The same as bare rows, by one statement; with these columns and the id, or with all."""
        key = (self, actor.eyes, columns)
        compiled = reads.kept.get(key, lambda: self._compiled(reads, actor, columns))
        rows = await reads.fetch(actor.scope, compiled.sql, compiled.arguments({"ids": list(ids)}))
        return {row["id"]: row for row in rows}

    @property
    def _id(self) -> Any:
        return self.model.__table__.c.id  # type: ignore[attr-defined]

    def join(self, actor: Actor, column: str, columns: frozenset[str]) -> Join:
        """The same rows, to be joined to a page by a column of it that holds their ids."""
        wanted = columns | {"id"}
        key = (self, actor.eyes, columns)
        return Join(column, key, tuple(sorted(wanted)), self._rows(actor, wanted))

    def _compiled(self, reads: Reads, actor: Actor, columns: frozenset[str] | None) -> Compiled:
        wanted_ids = bindparam("ids", None, type_=ARRAY(Uuid))
        rows = self._rows(actor, columns).where(self._id == any_(wanted_ids))
        return reads.compiler.compiled(rows)

    def _rows(self, actor: Actor, columns: frozenset[str] | None) -> Select[Any]:
        table = self.model.__table__  # type: ignore[attr-defined]
        wanted = [one for one in table.c if columns is None or one.name in columns | {"id"}]
        return self.visible(actor).with_only_columns(*wanted, maintain_column_froms=True)
