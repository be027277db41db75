"""Wherever an id can be said, one of another organisation is as good as one that nobody has."""

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette

from app.core import ids
from app.core.clock import new_id
from app.core.db import Database
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.main import serve
from tests.client import Api
from tests.givens import a_key, this_organisation
from tests.places import Place
from tests.schema.test_permissions import LINES
from tests.socket import Open
from tests.spots import ROOTS, SCHEMA, Spot, document_of, kinds_of, put, spots
from tests.world import World

CANARY = "canary"
CASES = [(spot, kind) for spot in spots() for kind in kinds_of(spot)]


@pytest.fixture(scope="module")
async def ours(app: Starlette, runtime: Runtime) -> AsyncGenerator[Place]:
    """Behind both walls."""
    async with Api.connect(app, None) as client:
        yield await Place.furnished(client, World(runtime))


@pytest.fixture(scope="module")
async def ours_alone(ours: Place, runtime: Runtime) -> AsyncGenerator[Place]:
    """The same place, asked through a server that row security does not hold back."""
    assert runtime.settings.database_url is not None
    db = Database.open(runtime.settings.database_url, role="none", pool_size=4)
    app = Starlette()
    serve(app, replace(runtime, db=db))
    async with Api.connect(app, ours.owner) as client:
        yield replace(ours, api=client)
    await db.close()


@pytest.fixture(scope="module")
async def theirs(ours: Place) -> dict[Kind, str]:
    """The id of one thing of each kind in another organisation; whatever has a name is a canary."""
    place = await Place.furnished(ours.api, ours.world)
    folder_id, file_id = await place.file(CANARY)
    member = await place.api("{ organisation { members(first: 1) { nodes { id user { id } } } } }")
    (first,) = member["organisation"]["members"]["nodes"]
    upload = await place.api.change(
        "mutation ($input: CreateUploadsInput!) { createUploads(input: $input)"
        " { uploads { id } userErrors { code } } }",
        input={"folderId": folder_id, "items": [{"fileName": CANARY, "type": "IMAGE"}]},
    )
    return {
        Kind.API_TOKEN: await place.make(
            "createApiToken", "apiToken", name=CANARY, scopes=["READ"]
        ),
        Kind.BACKGROUND_JOB: await place.background_job(),
        Kind.COLLECTION: (await place.collection(CANARY))[0],
        Kind.EMBEDDING_PLOT: await place.plot(),
        Kind.FILE: file_id,
        Kind.FILTER_PRESET: await place.preset(CANARY),
        Kind.FOLDER: folder_id,
        Kind.GROUP: await place.make("createGroup", "group", name=CANARY),
        Kind.INTEGRATION: await place.integration(CANARY),
        Kind.MEMBER: first["id"],
        Kind.METADATA_KEY: await place.make("addMetadataScalar", "key", key=CANARY, type="NUMBER"),
        Kind.ORGANISATION: (await this_organisation(place))["organisationId"],
        Kind.PUBLIC_KEY: await place.make("addPublicKey", "publicKey", **await a_key(place)),
        Kind.TAG: await place.make("createTag", "tag", name=CANARY),
        Kind.UPLOAD: upload["uploads"][0]["id"],
        Kind.UPLOAD_JOB: await place.job(),
        Kind.UPLOAD_UNIT: ids.encode(Kind.UPLOAD_UNIT, new_id()),
        Kind.USER: first["user"]["id"],
    }


def test_there_are_spots() -> None:
    assert len(CASES) > 70


@pytest.mark.parametrize(
    ("spot", "kind"), [case for case in CASES if case[0].type != "Subscription"], ids=str
)
async def test_an_id_of_others_is_like_an_unknown_one(
    ours: Place, theirs: dict[Kind, str], spot: Spot, kind: Kind
) -> None:
    answers = [await ask(ours, spot, named) for named in (theirs[kind], ids.encode(kind, new_id()))]
    assert answers[0] == answers[1]
    assert CANARY not in answers[0]
    assert "GRAPHQL_VALIDATION_FAILED" not in answers[0], "the question was wrong"
    assert '"INTERNAL"' not in answers[0]


@pytest.mark.parametrize(
    ("spot", "kind"), [case for case in CASES if case[0].type != "Subscription"], ids=str
)
async def test_and_so_it_is_without_row_security(
    ours_alone: Place, theirs: dict[Kind, str], spot: Spot, kind: Kind
) -> None:
    await test_an_id_of_others_is_like_an_unknown_one(ours_alone, theirs, spot, kind)


@pytest.mark.parametrize(("spot", "kind"), [c for c in CASES if c[0].type == "Subscription"])
async def test_a_stream_of_others_is_like_an_unknown_one(
    ours: Place, theirs: dict[Kind, str], open_socket: Open, spot: Spot, kind: Kind
) -> None:
    document = f"subscription ($id: ID!) {{ {spot.field}({spot.path[0]}: $id) {{ __typename }} }}"
    async with open_socket(ours.owner) as socket:
        for named in (theirs[kind], ids.encode(kind, new_id())):
            (error,) = await (await socket.subscribe(document, id=named)).errors()
            assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_is_ours_is_found_where_theirs_is_not(ours: Place) -> None:
    folder_id, file_id = await ours.file()
    for spot, named in (
        (Spot("Query", "folder", ("id",)), folder_id),
        (Spot("Query", "file", ("id",)), file_id),
        (Spot("Query", "nodes", ("ids", "[]")), file_id),
        (Spot("Query", "folders", ("filter", "id", "eq")), folder_id),
    ):
        assert "__typename" in await ask(ours, spot, named)


async def ask(place: Place, spot: Spot, named: str) -> str:
    """The answer to an operation with this id in this spot, all ids and made-up names blotted out."""
    field = SCHEMA.type_map[spot.type].fields[spot.field]  # type: ignore[attr-defined]
    given = await arguments(place, spot)
    argument, *rest = spot.path
    base = given.get(argument)
    given[argument] = put(field.args[argument].type, base, tuple(rest), named)
    around = {} if spot.type in ROOTS else {"of": await place.folder()}
    answer = await place.api.raw(document_of(spot, field, given), **given, **around)
    answer.pop("extensions", None)  # the budget moves with every question
    text = orjson.dumps(answer).decode()
    return re.sub(r"[0-9a-f]{32}|-[0-9a-f]{12}", "…", text)


async def arguments(place: Place, spot: Spot) -> dict[str, Any]:
    """What makes sense for the other arguments and members."""
    if spot.field == "embeddingPlot":
        return {"key": (await place.vector())[1]}
    if spot.type != "Mutation":
        return {}
    line = next(line for line in LINES if line.mutation == spot.field)
    return {"input": await line.given(place)}
