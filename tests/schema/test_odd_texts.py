"""Wherever a text can be said, an odd one is taken or refused; it is never a fault of the server."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.applications import Starlette

from app.core.runtime import Runtime
from tests.client import Api
from tests.places import Place
from tests.schema.test_id_swaps import arguments
from tests.spots import ROOTS, SCHEMA, Spot, document_of, put, spots
from tests.world import World

ODD = ("\0", "\U0001f600%_\\'\"`;{}$1 ../\x7f", "-" * 900, "9" * 9_000)
"""NUL, signs that some language reads, one of them over and over, and more than is taken."""
OTHERS = {
    "encodeText": {"key": "none", "text": "a text"},
    "integrationCheck": {"id": "none"},
    "nearDuplicateGroups": {"jobId": "none"},
    "nearDuplicates": {"jobId": "none"},
}
"""Arguments that such fields must be given."""
SPOTS: dict[str, list[Spot]] = defaultdict(list)
for _spot in spots("String"):
    if _spot.type in ROOTS - {"Subscription"}:
        SPOTS[_spot.field].append(_spot)


@pytest.fixture(scope="module")
async def place(app: Starlette, runtime: Runtime) -> AsyncGenerator[Place]:
    """An organisation to be odd in."""
    async with Api.connect(app, None) as client:
        yield await Place.furnished(client, World(runtime))


def test_there_are_many_places_for_texts() -> None:
    assert sum(map(len, SPOTS.values())) > 300


@pytest.mark.parametrize("name", SPOTS)
async def test_an_odd_text_is_no_fault_of_the_server(place: Place, name: str) -> None:
    given = {**OTHERS.get(name, {}), **await arguments(place, SPOTS[name][0])}
    for spot in SPOTS[name]:
        for odd in ODD:
            answer = await said(place, spot, given, odd)
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert not codes & {"INTERNAL", "GRAPHQL_VALIDATION_FAILED"}, (spot, odd[:20], answer)


async def said(place: Place, spot: Spot, given: dict[str, Any], odd: str) -> dict[str, Any]:
    """The answer to an operation that says this text in this spot."""
    field = SCHEMA.type_map[spot.type].fields[spot.field]  # type: ignore[attr-defined]
    argument, *rest = spot.path
    filled = put(field.args[argument].type, given.get(argument), tuple(rest), odd)
    chosen = {**given, argument: filled}
    return await place.api.raw(document_of(spot, field, chosen), **chosen)
