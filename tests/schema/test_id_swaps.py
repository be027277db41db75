"""Wherever an id can be said, one of another organisation is as good as one that nobody has."""

import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)
from starlette.applications import Starlette

from app.core import ids
from app.core.clock import new_id
from app.core.db import Database
from app.core.ids import Kind
from app.core.runtime import Runtime
from app.main import serve
from tests.client import Api
from tests.places import Place
from tests.schema.test_permissions import LINES, SCHEMA, a_key, this_organisation
from tests.socket import Open
from tests.world import World

Path = tuple[str, ...]
EACH = "[]"
ROOTS = {"Query", "Mutation", "Subscription"}
CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the schema where a client says an id."""

    type: str
    field: str
    path: Path
    """Argument, members, and EACH for the members of a list."""

    def __str__(self) -> str:
        return f"{self.type}.{self.field}({'.'.join(self.path)})"


def spots() -> list[Spot]:
    """All of them, by introspection."""
    return [
        Spot(owner.name, name, (argument, *path))
        for owner in SCHEMA.type_map.values()
        if isinstance(owner, GraphQLObjectType) and not owner.name.startswith("__")
        for name, field in owner.fields.items()
        for argument, given in field.args.items()
        for path in id_paths(given.type)
    ]


def id_paths(type_: GraphQLInputType, within: Path = ()) -> Iterator[Path]:
    """Where an input of this type holds ids; types that hold themselves are entered once."""
    plain = get_nullable_type(type_)
    if is_list_type(plain):
        yield from ((EACH, *path) for path in id_paths(plain.of_type, within))
    elif isinstance(plain, GraphQLInputObjectType):
        if plain.name not in within:
            for name, member in plain.fields.items():
                for path in id_paths(member.type, (*within, plain.name)):
                    yield (name, *path)
    elif get_named_type(type_).name == "ID":
        yield ()


KINDS = {
    "apiTokenId": Kind.API_TOKEN,
    "fileId": Kind.FILE,
    "fileIds": Kind.FILE,
    "folderId": Kind.FOLDER,
    "grid": Kind.FILE,
    "groupId": Kind.GROUP,
    "groupIds": Kind.GROUP,
    "csvUploadId": Kind.UPLOAD,
    "integrationId": Kind.INTEGRATION,
    "jobId": Kind.UPLOAD_JOB,
    "jsonUploadId": Kind.UPLOAD,
    "list": Kind.FILE,
    "organisationId": Kind.ORGANISATION,
    "parentId": Kind.FOLDER,
    "publicKeyId": Kind.PUBLIC_KEY,
    "sourceFolderId": Kind.FOLDER,
    "tagId": Kind.TAG,
    "targetFolderId": Kind.FOLDER,
    "uploadIds": Kind.UPLOAD,
    "userId": Kind.USER,
    "userIds": Kind.USER,
    "folder": Kind.FOLDER,
    "member": Kind.MEMBER,
}
"""By the member that holds the id, or the one above it."""
KINDS_OF_FIELDS = {
    "cancelUploadJob": Kind.UPLOAD_JOB,
    "file": Kind.FILE,
    "files": Kind.FILE,
    "folder": Kind.FOLDER,
    "folders": Kind.FOLDER,
    "integration": Kind.INTEGRATION,
    "integrationCheck": Kind.INTEGRATION,
    "integrations": Kind.INTEGRATION,
    "retryUploadJob": Kind.UPLOAD_JOB,
    "upload": Kind.UPLOAD,
    "uploadJob": Kind.UPLOAD_JOB,
}
"""By the field, where the member says only `id`."""


def kinds_of(spot: Spot) -> list[Kind]:
    """What an id there may name."""
    if spot.field in {"node", "nodes"}:
        return [*Kind]
    named = [KINDS[part] for part in reversed(spot.path) if part in KINDS]
    return [named[0] if named else KINDS_OF_FIELDS[spot.field]]


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
        Kind.FILE: file_id,
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
        (Spot("Query", "nodes", ("ids", EACH)), file_id),
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
    text = orjson.dumps(answer).decode()
    return re.sub(r"[0-9a-f]{32}|-[0-9a-f]{12}", "…", text)


async def arguments(place: Place, spot: Spot) -> dict[str, Any]:
    """What makes sense for the other arguments and members."""
    if spot.type != "Mutation":
        return {}
    line = next(line for line in LINES if line.mutation == spot.field)
    return {"input": await line.given(place)}


def put(type_: GraphQLInputType, base: Any, path: Path, named: str) -> Any:
    """`base` with the id at `path`; what is missing on the way there is made up."""
    plain = get_nullable_type(type_)
    if not path:
        return named
    if path[0] == EACH:
        assert is_list_type(plain)
        return [put(plain.of_type, base[0] if base else None, path[1:], named)]
    assert isinstance(plain, GraphQLInputObjectType)
    is_one_of = plain.extensions["strawberry-definition"].is_one_of
    kept = {} if is_one_of else {**made_up(plain), **(base or {})}
    below = (base or {}).get(path[0])
    return {**kept, path[0]: put(plain.fields[path[0]].type, below, path[1:], named)}


def made_up(type_: GraphQLInputObjectType) -> dict[str, Any]:
    """The members that must be given."""
    return {
        name: _plausible(member.type)
        for name, member in type_.fields.items()
        if is_required_input_field(member)
    }


def _plausible(type_: GraphQLInputType) -> Any:
    named = get_named_type(type_)
    if is_list_type(get_nullable_type(type_)):
        return []
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    return {"Int": 1, "JSON": {}}.get(named.name, "a")


def document_of(spot: Spot, field: GraphQLField, given: dict[str, Any]) -> str:
    """The operation that says the arguments and looks at what comes."""
    declared = ", ".join(f"${name}: {field.args[name].type}" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    asked = f"{spot.field}({passed}) {selection_of(field)}"
    if spot.type == "Mutation":
        return f"mutation ({declared}) {{ {asked} }}"
    if spot.type == "Query":
        return f"query ({declared}) {{ {asked} }}"
    return (
        f"query ($of: ID!, {declared}) {{ node(id: $of) {{ ... on {spot.type} {{ {asked} }} }} }}"
    )


def selection_of(field: GraphQLField) -> str:
    """What of a result is looked at: refusals, and names two levels down."""
    type_ = get_named_type(field.type)
    if not isinstance(type_, GraphQLObjectType):
        return "{ __typename }" if hasattr(type_, "fields") else ""
    parts = []
    for name, member in type_.fields.items():
        below = get_named_type(member.type)
        if name in {"query", "edges"} or any(map(is_required_argument, member.args.values())):
            continue
        if isinstance(below, GraphQLObjectType):
            parts.append(f"{name} {{ {' '.join(_leaves(below))} }}")
        elif name in NAMES:
            parts.append(name)
    return "{ " + " ".join(parts) + " }" if parts else "{ __typename }"


NAMES = {"name", "title", "email", "code", "message", "field", "value", "key", "__typename"}


def _leaves(type_: GraphQLObjectType) -> list[str]:
    return ["__typename", *(name for name in type_.fields if name in NAMES)]
