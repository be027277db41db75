"""The planned road comes to what graphql-core's own comes to, errors included, for whatever is asked."""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.files.models import FileType
from app.main import engine
from schema.build import build
from schema.context import Context
from schema.execution.budget import Balance
from schema.execution.request import Refusal, Request
from tests.execution.questions import documents
from tests.world import Person, World

PLANNED = build()
STOCK = build(executor=StrawberryGraphQLCoreExecutionContext)

BALANCE = Balance(price=1, remaining=2, limit=3, reset_seconds=4)
"""What is left changes from one question to the next: both roads are told of the same."""


class House:
    """A little of everything that can be asked about, and who asks."""

    def __init__(self, runtime: Runtime, people: list[Person], known: dict[str, list[str]]) -> None:
        self.runtime = runtime
        self.people = people
        self.known = known
        self.planned = engine(runtime, PLANNED)
        self.stock = engine(runtime, STOCK)

    def values(self, field: str, argument: str) -> list[str] | None:
        """Literals for an argument of a field."""
        if argument in {"first", "last"}:
            return ["0", "1", "3", "1000", "-1"]
        if argument == "filter" and field == "files":
            return ['{name: {contains: "a"}}', "{type: {in: [IMAGE]}}", "{isComponent: true}"]
        return self.known.get(argument) if argument != "id" else self.known["ids"]

    def context(self, person: Person) -> Context:
        return Context(
            runtime=self.runtime, sessions=None, credentials=person.actor, request_id="r"
        )  # type: ignore[arg-type]

    async def answers(self, text: str, variables: dict[str, Any], person: Person) -> list[Any]:
        """What both roads answer."""
        found = []
        for road in (self.stock, self.planned):
            request = Request(query=text, variables=variables)
            operation = await road.prepare(request, self.context(person))
            operation.context.balance = BALANCE
            told = orjson.loads((await road.execute(operation)).body())
            told.get("errors", []).sort(key=orjson.dumps)
            told.pop("extensions", None)
            found.append(told)
        return found


@pytest.fixture(scope="module")
async def house(runtime: Runtime) -> House:
    world = World(runtime)
    admin = await world.organisation()
    member = await world.member(admin)
    top = await world.folder(admin, "top")
    inner = await world.folder(admin, "inner", top)
    await world.folder(admin, "hidden")
    await world.share(top, member)
    bucket = await world.bucket(admin)
    files = [
        await world.file(admin, inner, f"a{n}.png", width=n, fps=n / 3, byte_size=2**40 + n)
        for n in range(4)
    ]
    files.append(await world.file(admin, top, "b.mp4", metadata={"weather": "sunny"}))
    group = await world.file(admin, top, "all", type=FileType.GROUP)
    await world.member_of(group, *files)
    named = [
        *[ids.encode(Kind.FILE, one.id) for one in (*files, group)],
        *[ids.encode(Kind.FOLDER, one.id) for one in (top, inner)],
        ids.encode(Kind.INTEGRATION, bucket.id),
        ids.encode(Kind.USER, admin.user_id),
        "file_0",
    ]
    texts = [f'"{one}"' for one in named]
    known = {
        "ids": texts,
        "keys": ['["weather"]', "[]"],
        "recursive": ["true", "false"],
        "includeOrganisationAccess": ["true"],
        "sort": ["{by: {field: NAME}, direction: DESC}"],
        "upTo": ["0", "2"],
    }
    return House(runtime, [admin, member], {**known, "id": texts})


@pytest.mark.parametrize("part", range(4))
async def test_random_documents_are_answered_alike(house: House, part: int) -> None:
    loop = asyncio.get_running_loop()
    seen = {"answered": 0, "errors": 0}

    @settings(
        max_examples=500,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        text=documents(PLANNED._schema, house.values),
        yes=st.booleans(),
        person=st.sampled_from(house.people),
    )
    def check(text: str, yes: bool, person: Person) -> None:
        asking = house.answers(text, {"yes": yes, "no": not yes}, person)
        try:
            stock, planned = asyncio.run_coroutine_threadsafe(asking, loop).result(60)
        except Refusal:
            return
        seen["answered"] += 1
        seen["errors"] += "errors" in stock
        assert planned == stock, text
        codes = {error["extensions"]["code"] for error in stock.get("errors", [])}
        assert "INTERNAL" not in codes, text

    await asyncio.to_thread(check)
    assert seen["answered"] > 300, seen
    assert seen["errors"] > 10, seen
