"""What every mutation does around its one call: the transaction, the idempotency key, the refusals."""

import asyncio
import dataclasses
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import strawberry

from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core import db, idempotency
from app.core.db import Tx
from app.core.errors import Path, Refused
from schema.context import Info
from schema.errors import UserError

if TYPE_CHECKING:
    from schema.query import Query

TRIES = 3


@strawberry.interface(description="What the answer to every mutation has.")
class Payload:
    """Base of the answers; `answer` holds the ids of what was changed."""

    user_errors: list[UserError] = strawberry.field(
        description="Why nothing was changed; empty if it was done."
    )
    replayed: bool = strawberry.field(
        description="True if this idempotency key was used before: the first answer, given again."
    )
    answer: strawberry.Private[dict[str, Any]]

    @strawberry.field(description="Read on, in the same request, what the change brought about.")
    def query(self) -> Annotated["Query", strawberry.lazy("schema.query")]:
        from schema.query import Query  # noqa: PLC0415  the query type lists every feature

        return Query()


P = TypeVar("P", bound=Payload)
Work = Callable[[Tx, Actor], Awaitable[dict[str, Any]]]


async def change(
    info: Info,
    payload: type[P],
    given: Any,
    work: Work,
    needs: TokenScope = TokenScope.WRITE,
) -> P:
    """Do `work` in one transaction and answer with `payload`.

    `given` is the mutation's input; its `idempotency_key` is recorded in the same transaction. `work` returns
    the ids of what it changed, as JSON. Refusals become `userErrors` and leave nothing behind. Faults of the
    connection are tried again, at most three times, when the key makes that exact.
    """
    actor = info.context.actor
    key: str | None = getattr(given, "idempotency_key", None) or None
    request = _plain(given) if key else None  # thousands of vectors take their time

    async def attempt() -> idempotency.Answer:
        async with info.context.transaction() as tx:
            return await idempotency.once(
                tx, actor.scope, key, info.field_name, request, lambda: work(tx, actor)
            )

    try:
        actor.must_have(needs)
        answer = await _retried(attempt, TRIES if key else 1)
    except Refused as refused:
        refused.field = refused.field or next(_places(given, refused.named), ())
        return payload(answer=refused.answer, user_errors=[UserError.of(refused)], replayed=False)
    return payload(answer=answer.value, user_errors=[], replayed=answer.is_replayed)


async def _retried(
    attempt: Callable[[], Awaitable[idempotency.Answer]], tries: int
) -> idempotency.Answer:
    while True:
        tries -= 1
        try:
            return await attempt()
        except Exception as error:
            if not tries or not db.is_passing(error):
                raise
            await asyncio.sleep(random.uniform(0.02, 0.2))  # noqa: S311  jitter


def _places(given: Any, text: str | None) -> Iterator[Path]:
    """Where in the input a text stands."""
    if dataclasses.is_dataclass(given):
        for member in dataclasses.fields(given):
            inside = _places(getattr(given, member.name), text)
            yield from ((member.name, *path) for path in inside)
    elif isinstance(given, list):
        for number, one in enumerate(given):
            yield from ((number, *path) for path in _places(one, text))
    elif given == text and isinstance(given, str):
        yield ()


def _plain(given: Any) -> Any:
    """The input as JSON, without the key itself."""
    if not dataclasses.is_dataclass(given) or isinstance(given, type):
        return given
    found = dataclasses.asdict(given)
    found.pop("idempotency_key", None)
    return {name: value for name, value in found.items() if value is not strawberry.UNSET}
