"""The caller's budget as a field."""

import strawberry

from app.core.runtime import Runtime
from app.main import sessions
from schema.context import Context
from schema.execution.budget import Balance
from schema.limits.operations import LimitQuery

FIELD = "{ rateLimit { limit remaining resetSeconds cost } }"


async def asked(runtime: Runtime, balance: Balance | None) -> object:
    schema = strawberry.Schema(query=LimitQuery)
    context = Context(runtime=runtime, sessions=sessions(runtime), balance=balance)
    result = await schema.execute(FIELD, context_value=context)
    assert result.errors is None
    assert result.data is not None
    return result.data["rateLimit"]


async def test_it_tells_what_the_operation_costs_and_what_is_left(runtime):
    balance = Balance(price=2, remaining=90, limit=100, reset_seconds=6)
    told = {"limit": 100, "remaining": 90, "resetSeconds": 6, "cost": 2}
    assert await asked(runtime, balance) == told


async def test_it_is_null_where_nobody_pays(runtime):
    assert await asked(runtime, None) is None
