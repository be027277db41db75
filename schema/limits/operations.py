"""What can be asked about one's own budget."""

import strawberry

from schema.context import Info


@strawberry.type(
    description=(
        "The caller's budget. Each operation is priced before it runs, at about one point for each object"
        " that it may bring, and drawn from a bucket that fills all the time. The extensions of each answer"
        " have the same under cost."
    )
)
class RateLimit:
    """The caller's budget after this operation."""

    limit: int = strawberry.field(
        description="Points in a full bucket; as many flow into it each minute."
    )
    remaining: int = strawberry.field(
        description="Points that are left, this operation already paid."
    )
    reset_seconds: int = strawberry.field(
        description="Until the bucket is full again, if nothing more is spent."
    )
    cost: int = strawberry.field(description="Points that this operation costs.")


@strawberry.type
class LimitQuery:
    """The budget's share of Query."""

    @strawberry.field(
        description="Your budget and what this operation takes from it; null where budgets are off."
    )
    def rate_limit(self, info: Info) -> RateLimit | None:
        balance = info.context.balance
        if balance is None:
            return None
        return RateLimit(
            limit=balance.limit,
            remaining=balance.remaining,
            reset_seconds=balance.reset_seconds,
            cost=balance.price,
        )
