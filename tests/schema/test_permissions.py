"""Who may do what: one table, a line for every mutation there is, tried by everybody.

A column for each caller of tests.places.CALLERS, in three groups: `admin manager member tasker` of the
organisation without a role on the thing; `holder user`, a member and a tasker with the roles ADMIN and
USER on it; `nobody foreign`, who has not signed in, and the administrator of another organisation.

    y  allowed               f  FORBIDDEN: it may be seen, but not this be done to it
    n  NOT_FOUND             u  UNAUTHENTICATED
    i  refused for a reason that has nothing to do with who asks
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type
from starlette.applications import Starlette

from app.core import ids
from app.core.ids import Kind
from app.core.runtime import Runtime
from schema.build import build
from tests.client import Api
from tests.places import CALLERS, Place, fresh
from tests.world import World

Given = dict[str, Any]
SCHEMA = build()._schema
MUTATIONS = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}


@dataclass(frozen=True, slots=True)
class Line:
    """A mutation, what everybody gets for it, and the maker of an input that could succeed."""

    mutation: str
    outcomes: str
    given: Callable[[Place], Awaitable[Given]]

    def expected(self, caller: str) -> str:
        """The letter in the caller's column."""
        return self.outcomes.replace(" ", "")[CALLERS.index(caller)]


def plain(**given: Any) -> Callable[[Place], Awaitable[Given]]:
    """An input that needs nothing made first; texts that end in `-` become fresh ones."""

    async def maker(_: Place) -> Given:
        return {
            name: fresh(value[:-1]) if isinstance(value, str) and value.endswith("-") else value
            for name, value in given.items()
        }

    return maker


def in_folder(**given: Any) -> Callable[[Place], Awaitable[Given]]:
    """The same, with a fresh folder that is shared."""

    async def maker(place: Place) -> Given:
        return {"folderId": await place.folder(), **given}

    return maker


def on_integration(**given: Any) -> Callable[[Place], Awaitable[Given]]:
    """The same, with a fresh integration that is shared."""

    async def maker(place: Place) -> Given:
        return {"integrationId": await place.integration(), **given}

    return maker


async def a_member(place: Place) -> Given:
    return {"member": {"email": (await place.fresh_member()).email}}


async def a_members_role(place: Place) -> Given:
    return {**await a_member(place), "role": "TASKER"}


async def a_tag(place: Place) -> Given:
    return {"tagId": await place.make("createTag", "tag", name=fresh("tag"))}


async def a_group(place: Place) -> Given:
    return {"groupId": await place.make("createGroup", "group", name="group")}


async def a_group_and_somebody(place: Place) -> Given:
    return {**await a_group(place), "emails": [place.person("member").email]}


async def this_organisation(place: Place) -> Given:
    return {"organisationId": ids.encode(Kind.ORGANISATION, place.owner.organisation_id)}


async def a_key(_: Place) -> Given:
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    return {"title": "key", "publicKey": public}


async def a_key_of_the_holder(place: Place) -> Given:
    made = await place.of("holder").make("addPublicKey", "publicKey", **await a_key(place))
    return {"publicKeyId": made}


async def a_token_of_the_holder(place: Place) -> Given:
    holder = place.of("holder")
    made = await holder.make("createApiToken", "apiToken", name="a", scopes=["READ"])
    return {"apiTokenId": made}


async def a_metadata_key(place: Place) -> Given:
    key = fresh("key")
    await place.make("addMetadataScalar", "key", key=key, type="NUMBER")
    return {"key": key}


async def a_deleted_metadata_key(place: Place) -> Given:
    given = await a_metadata_key(place)
    await place.make("deleteMetadataKey", "key", **given)
    return given


async def a_metadata_enum(place: Place) -> Given:
    key = fresh("key")
    await place.make("addMetadataEnum", "key", key=key, options=["a"])
    return {"key": key, "options": ["b"]}


async def a_tag_for_a_folder(place: Place) -> Given:
    name = fresh("tag")
    await place.make("createTag", "tag", name=name)
    return {"folderId": await place.folder(), "tags": [name]}


async def below_a_folder(place: Place) -> Given:
    return {"name": "below", "parentId": await place.folder()}


async def a_folder_into_another(place: Place) -> Given:
    return {"folderId": await place.folder(), "parentId": await place.folder()}


async def somebody_for_a_folder(place: Place) -> Given:
    return {
        "folderId": await place.folder(),
        "to": {"emails": [place.person("member").email]},
        "role": "USER",
    }


async def the_role_of_the_user(place: Place) -> Given:
    people = {"emails": [place.person("user").email]}
    return {"folderId": await place.folder(), "of": people, "role": "ADMIN"}


async def a_folder_without_the_user(place: Place) -> Given:
    return {"folderId": await place.folder(), "from": {"emails": [place.person("user").email]}}


async def a_file(place: Place) -> Given:
    _, file_id = await place.file()
    return {"fileId": file_id, "name": "other.png"}


async def some_files(place: Place) -> Given:
    _, file_id = await place.file()
    return {"items": [{"fileId": file_id, "name": "other.png"}]}


async def metadata_of_files(place: Place) -> Given:
    _, file_id = await place.file()
    return {"items": [{"fileId": file_id, "metadata": {"a": 1}}]}


async def files_to_delete(place: Place) -> Given:
    folder_id, file_id = await place.file()
    return {"folderId": folder_id, "fileIds": [file_id]}


async def files_to_move(place: Place) -> Given:
    folder_id, file_id = await place.file()
    return {
        "sourceFolderId": folder_id,
        "targetFolderId": await place.folder(),
        "fileIds": [file_id],
    }


async def an_image_group(place: Place) -> Given:
    folder_id, file_id = await place.file()
    return {"folderId": folder_id, "name": "group", "fileIds": [file_id]}


async def a_file_group(place: Place) -> Given:
    folder_id, file_id = await place.file()
    return {"folderId": folder_id, "name": "group", "layout": {"grid": [file_id]}}


async def a_job(place: Place) -> Given:
    return {"id": await place.job()}


async def a_cancelled_job(place: Place) -> Given:
    given = await a_job(place)
    await place.make("cancelUploadJob", "job", **given)
    return {**given, "includeCancelled": True}


async def through_an_integration(place: Place) -> Given:
    given = {"folderId": await place.folder(), "source": {"json": {"images": []}}}
    return {**given, "integrationId": await place.integration()}


async def somebody_for_an_integration(place: Place) -> Given:
    given = await somebody_for_a_folder(place)
    return {
        "integrationId": await place.integration(),
        "to": given["to"],
        "role": given["role"],
    }


async def the_role_of_the_user_on_an_integration(place: Place) -> Given:
    people = {"emails": [place.person("user").email]}
    return {"integrationId": await place.integration(), "of": people, "role": "ADMIN"}


async def an_integration_without_the_user(place: Place) -> Given:
    people = {"emails": [place.person("user").email]}
    return {"integrationId": await place.integration(), "from": people}


LINES = [
    # what everybody does for themselves
    Line("signIn", "iiii ii ii", plain(email="nobody-", password="not the password")),
    Line("signOut", "yyyy yy yy", plain()),
    Line("updateMe", "yyyy yy uy", plain(name="me")),
    Line("changePassword", "iiii ii ui", plain(currentPassword="a", password="b" * 10)),
    Line("createOrganisation", "yyyy yy uy", plain(name="mine")),
    Line("switchOrganisation", "yyyy yy un", this_organisation),
    Line("addPublicKey", "yyyy yy uy", a_key),
    Line("removePublicKey", "nnnn yn un", a_key_of_the_holder),
    Line("createApiToken", "yyyy yy uy", plain(name="a", scopes=["READ"])),
    Line("revokeApiToken", "ynnn yn un", a_token_of_the_holder),
    # the organisation; the other one's administrator does it to their own
    Line("updateOrganisation", "yfff ff uy", plain(name="Place")),
    Line("addMember", "yfff ff uy", plain(email="somebody@a.example-")),
    Line("updateMember", "yfff ff un", a_members_role),
    Line("removeMember", "yfff ff un", a_member),
    Line("createGroup", "yyff ff uy", plain(name="group")),
    Line("updateGroup", "yyff ff un", a_group),
    Line("deleteGroup", "yyff ff un", a_group),
    Line("addGroupMembers", "yyff ff un", a_group_and_somebody),
    Line("removeGroupMembers", "yyff ff un", a_group_and_somebody),
    Line("createTag", "yfff ff uy", plain(name="tag-")),
    Line("deleteTag", "yfff ff un", a_tag),
    # the metadata schema
    Line("addMetadataScalar", "yyyf yf uy", plain(key="key-", type="NUMBER")),
    Line("addMetadataEnum", "yyyf yf uy", plain(key="key-", options=["a"])),
    Line("addMetadataEnumOptions", "yyyf yf un", a_metadata_enum),
    Line("addMetadataGeospatial", "yyyf yf uy", plain(key="key-")),
    Line("addMetadataEmbedding", "yyyf yf uy", plain(key="key-", dimensions=3)),
    Line("deleteMetadataKey", "yyyf yf un", a_metadata_key),
    Line("restoreMetadataKey", "yyyf yf un", a_deleted_metadata_key),
    Line("importMetadataSchema", "iiif if ui", plain(document={}, expectedRevision=-1)),
    # folders and the files in them
    Line("createFolder", "yyyf yf uy", plain(name="top")),
    Line("createFolder", "ynnn yf un", below_a_folder),
    Line("updateFolder", "ynnn yf un", in_folder(name="other")),
    Line("moveFolder", "ynnn yf un", a_folder_into_another),
    Line("deleteFolder", "ynnn yf un", in_folder()),
    Line("shareFolder", "ynnn yf un", somebody_for_a_folder),
    Line("changeFolderRole", "ynnn yf un", the_role_of_the_user),
    Line("unshareFolder", "ynnn yf un", a_folder_without_the_user),
    Line("attachFolderTags", "ynnn yf un", a_tag_for_a_folder),
    Line("detachFolderTags", "ynnn yf un", a_tag_for_a_folder),
    Line("updateFile", "ynnn yf un", a_file),
    Line("updateFiles", "ynnn yf un", some_files),
    Line("setFileMetadata", "ynnn yf un", metadata_of_files),
    Line("mergeFileMetadata", "ynnn yf un", metadata_of_files),
    Line("moveFiles", "ynnn yf un", files_to_move),
    Line("deleteFiles", "ynnn yf un", files_to_delete),
    Line("createImageGroup", "ynnn yf un", an_image_group),
    Line("createFileGroup", "ynnn yf un", a_file_group),
    Line("createUploads", "ynnn yf un", in_folder(items=[{"fileName": "a.png", "type": "IMAGE"}])),
    Line("registerFiles", "ynnn yf un", in_folder(source={"json": {"images": []}})),
    Line("registerFiles", "ynnn yf un", through_an_integration),
    Line("cancelUploadJob", "ynnn yf un", a_job),
    Line("retryUploadJob", "innn if un", a_cancelled_job),  # it is empty: there is nothing to retry
    # integrations
    Line("createIntegration", "yyyf yf uy", plain(title="a", store={"local": {"root": "/tmp"}})),
    Line("updateIntegration", "ynnn yf un", on_integration(title="other")),
    Line("deleteIntegration", "ynnn yf un", on_integration()),
    Line("shareIntegration", "ynnn yf un", somebody_for_an_integration),
    Line("changeIntegrationRole", "ynnn yf un", the_role_of_the_user_on_an_integration),
    Line("unshareIntegration", "ynnn yf un", an_integration_without_the_user),
]


@pytest.fixture(scope="module")
async def place(app: Starlette, runtime: Runtime) -> AsyncGenerator[Place]:
    async with Api.connect(app, None) as client:
        yield await Place.furnished(client, World(runtime))


def test_every_mutation_has_its_line() -> None:
    assert {line.mutation for line in LINES} == set(MUTATIONS)


def _name(line: Line) -> str:
    return f"{line.mutation}-{line.outcomes.replace(' ', '')}"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("line", LINES, ids=_name)
async def test_a_mutation_is_done_for_those_who_may_and_nobody_else(
    place: Place, line: Line, caller: str
) -> None:
    given = await line.given(place)
    answer = await place.api.as_(place.people[caller]).raw(document_of(line.mutation), input=given)
    assert outcome_of(answer) == line.expected(caller), answer


def document_of(mutation: str) -> str:
    """The mutation, asking for its refusals, of the whole and of each item."""
    field = MUTATIONS[mutation]
    payload = get_named_type(field.type)
    given = get_named_type(field.args["input"].type)
    assert isinstance(payload, GraphQLObjectType)
    assert isinstance(given, GraphQLInputObjectType)
    errors = "userErrors { code message field }"
    results = f"results {{ {errors} }}" if "results" in payload.fields else ""
    return (
        f"mutation ($input: {given.name}!) {{ {mutation}(input: $input) {{ {errors} {results} }} }}"
    )


LETTERS = {"FORBIDDEN": "f", "NOT_FOUND": "n", "UNAUTHENTICATED": "u"}


def outcome_of(answer: dict[str, Any]) -> str:
    """The letter for an answer."""
    if "errors" in answer:
        (error,) = answer["errors"]
        return LETTERS.get(error["extensions"]["code"], str(error))
    (payload,) = answer["data"].values()
    of_items = [error for item in payload.get("results", []) for error in item["userErrors"]]
    codes = {error["code"] for error in of_items or payload["userErrors"]}
    return LETTERS.get(min(codes), "i") if codes else "y"
