"""One answer per idempotency key: the record is written in the transaction of the change itself."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel, col, select, update

from app.core import texts
from app.core.columns import Timestamp, tenant
from app.core.db import Scope, Tx
from app.core.errors import Invalid, KeyReused

KEY_LIMIT = 255
KEPT_HOURS = 24


class Idempotency(SQLModel, table=True):
    """What a key was used for, and what was answered."""

    organisation_id: UUID = tenant(primary_key=True)
    user_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    operation: str
    request_digest: bytes = Field(sa_type=LargeBinary)
    answer: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    created_at: datetime = Field(
        sa_type=Timestamp, index=True, sa_column_kwargs={"server_default": text("now()")}
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mutation answered: JSON that names its results by id."""

    value: dict[str, Any]
    is_replayed: bool


async def once(
    tx: Tx,
    scope: Scope,
    key: str | None,
    operation: str,
    request: Any,
    work: Callable[[], Awaitable[dict[str, Any]]],
) -> Answer:
    """Do `work` unless this caller did it under `key` within 24 hours; then give that answer again.

    Two requests with one key at once: the second waits for the first. Raises KeyReused if the key was used
    for another operation or other input.
    """
    if key is None:
        return Answer(await work(), is_replayed=False)
    if not 0 < len(key) <= KEY_LIMIT or not texts.is_storable(key):
        raise Invalid(
            f"An idempotency key has 1 to {KEY_LIMIT} characters, U+0000 not among them.",
            field=("idempotency_key",),
        )
    digest = hashlib.sha256(_written(request)).digest()
    if not await _claim(tx, scope, key, operation, digest):
        return await _replay(tx, scope, key, operation, digest)
    value = await work()
    await tx.exec(update(Idempotency).where(*_is(scope, key)).values(answer=value))
    return Answer(value, is_replayed=False)


def _written(request: Any) -> bytes:
    """The input as text that is equal for equal input."""
    try:
        return orjson.dumps(request, option=orjson.OPT_SORT_KEYS, default=str)
    except TypeError:  # a whole number beyond 64 bits: slower, but it can
        return json.dumps(request, sort_keys=True, default=str).encode()


async def _claim(tx: Tx, scope: Scope, key: str, operation: str, digest: bytes) -> bool:
    """Insert the record; False if it is there already. Waits for a transaction that is inserting it."""
    statement = (
        insert(Idempotency)
        .values(
            organisation_id=scope.organisation_id,
            user_id=scope.user_id,
            key=key,
            operation=operation,
            request_digest=digest,
            answer={},
        )
        .on_conflict_do_nothing()
        .returning(col(Idempotency.key))
    )
    return (await tx.execute(statement)).one_or_none() is not None


async def _replay(tx: Tx, scope: Scope, key: str, operation: str, digest: bytes) -> Answer:
    stored = (await tx.exec(select(Idempotency).where(*_is(scope, key)))).one()
    if (stored.operation, stored.request_digest) != (operation, digest):
        raise KeyReused(
            "This idempotency key was used before with another input; send a new key.",
            field=("idempotency_key",),
        )
    return Answer(stored.answer, is_replayed=True)


def _is(scope: Scope, key: str) -> tuple[Any, ...]:
    return (
        col(Idempotency.organisation_id) == scope.organisation_id,
        col(Idempotency.user_id) == scope.user_id,
        col(Idempotency.key) == key,
    )
