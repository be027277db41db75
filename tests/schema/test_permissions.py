"""Who may do what: one table, a line for every mutation there is, tried by everybody.

A column for each caller of tests.places.CALLERS, in three groups: `admin manager member tasker` of the
organisation without a role on the thing; `holder user`, a member and a tasker with the roles ADMIN and
USER on it; `nobody foreign`, who has not signed in, and the administrator of another organisation.

    y  allowed               f  FORBIDDEN: it may be seen, but not this be done to it
    n  NOT_FOUND             u  UNAUTHENTICATED
    i  refused for a reason that has nothing to do with who asks
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type
from starlette.applications import Starlette

from app.core.runtime import Runtime
from schema.build import build
from tests import givens
from tests.client import Api
from tests.givens import Maker
from tests.places import CALLERS, Place
from tests.world import World

SCHEMA = build()._schema
MUTATIONS = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}


@dataclass(frozen=True, slots=True)
class Line:
    """A mutation, what everybody gets for it, and the maker of an input that could succeed."""

    mutation: str
    outcomes: str
    given: Maker

    def expected(self, caller: str) -> str:
        """The letter in the caller's column."""
        return self.outcomes.replace(" ", "")[CALLERS.index(caller)]


LINES = [
    # what everybody does for themselves
    Line("signIn", "iiii ii ii", givens.plain(email="nobody-", password="not the password")),
    Line("signOut", "yyyy yy yy", givens.plain()),
    Line("updateMe", "yyyy yy uy", givens.plain(name="me")),
    Line("changePassword", "iiii ii ui", givens.plain(currentPassword="a", password="b" * 10)),
    Line("createOrganisation", "yyyy yy uy", givens.plain(name="mine")),
    Line("switchOrganisation", "yyyy yy un", givens.this_organisation),
    Line("addPublicKey", "yyyy yy uy", givens.a_key),
    Line("removePublicKey", "nnnn yn un", givens.a_key_of_the_holder),
    Line("createApiToken", "yyyy yy uy", givens.plain(name="a", scopes=["READ"])),
    Line("revokeApiToken", "ynnn yn un", givens.a_token_of_the_holder),
    # the organisation; the other one's administrator does it to their own
    Line("updateOrganisation", "yfff ff uy", givens.plain(name="Place")),
    Line("addMember", "yfff ff uy", givens.plain(email="somebody@a.example-")),
    Line("updateMember", "yfff ff un", givens.a_members_role),
    Line("removeMember", "yfff ff un", givens.a_member),
    Line("createGroup", "yyff ff uy", givens.plain(name="group")),
    Line("updateGroup", "yyff ff un", givens.a_group),
    Line("deleteGroup", "yyff ff un", givens.a_group),
    Line("addGroupMembers", "yyff ff un", givens.a_group_and_somebody),
    Line("removeGroupMembers", "yyff ff un", givens.a_group_and_somebody),
    Line("createTag", "yfff ff uy", givens.plain(name="tag-")),
    Line("deleteTag", "yfff ff un", givens.a_tag),
    # the metadata schema
    Line("addMetadataScalar", "yyyf yf uy", givens.plain(key="key-", type="NUMBER")),
    Line("addMetadataEnum", "yyyf yf uy", givens.plain(key="key-", options=["a"])),
    Line("addMetadataEnumOptions", "yyyf yf un", givens.a_metadata_enum),
    Line("addMetadataGeospatial", "yyyf yf uy", givens.plain(key="key-")),
    Line("addMetadataEmbedding", "yyyf yf uy", givens.plain(key="key-", dimensions=3)),
    Line("deleteMetadataKey", "yyyf yf un", givens.a_metadata_key),
    Line("restoreMetadataKey", "yyyf yf un", givens.a_deleted_metadata_key),
    Line("importMetadataSchema", "iiif if ui", givens.plain(document={}, expectedRevision=-1)),
    Line("setEmbeddingEncoder", "yyyf yf un", givens.an_encoder),
    Line("removeEmbeddingEncoder", "yyyf yf un", givens.a_key_with_an_encoder),
    # folders and the files in them
    Line("createFolder", "yyyf yf uy", givens.plain(name="top")),
    Line("createFolder", "ynnn yf un", givens.below_a_folder),
    Line("updateFolder", "ynnn yf un", givens.in_folder(name="other")),
    Line("moveFolder", "ynnn yf un", givens.a_folder_into_another),
    Line("deleteFolder", "ynnn yf un", givens.in_folder()),
    Line("shareFolder", "ynnn yf un", givens.somebody_for_a_folder),
    Line("changeFolderRole", "ynnn yf un", givens.the_role_of_the_user),
    Line("unshareFolder", "ynnn yf un", givens.a_folder_without_the_user),
    Line("attachFolderTags", "ynnn yf un", givens.a_tag_for_a_folder),
    Line("detachFolderTags", "ynnn yf un", givens.a_tag_for_a_folder),
    Line("updateFile", "ynnn yf un", givens.a_file),
    Line("updateFiles", "ynnn yf un", givens.some_files),
    Line("setFileMetadata", "ynnn yf un", givens.metadata_of_files),
    Line("mergeFileMetadata", "ynnn yf un", givens.metadata_of_files),
    Line("moveFiles", "ynnn yf un", givens.files_to_move),
    Line("deleteFiles", "ynnn yf un", givens.files_to_delete),
    Line("computeEmbeddings", "ynnn yf un", givens.a_folder_to_encode),
    Line("createImageGroup", "ynnn yf un", givens.an_image_group),
    Line("createFileGroup", "ynnn yf un", givens.a_file_group),
    Line(
        "createUploads",
        "ynnn yf un",
        givens.in_folder(items=[{"fileName": "a.png", "type": "IMAGE"}]),
    ),
    Line("registerFiles", "ynnn yf un", givens.in_folder(source={"json": {"images": []}})),
    Line("registerFiles", "ynnn yf un", givens.through_an_integration),
    Line("cancelUploadJob", "ynnn yf un", givens.a_job),
    # it is empty, and only who may retry it is told that there is nothing to retry
    Line("retryUploadJob", "innn if un", givens.a_cancelled_job),
    Line("measureEmbeddingRecall", "ifff ff ui", givens.plain(key="no such key")),
    # vectors; the other organisation has no such key
    Line("setEmbeddings", "ynnn yf ui", givens.a_vector_of_a_file),
    Line("removeEmbeddings", "ynnn yf ui", givens.a_vector_to_remove),
    # whose files the lines name is judged line by line
    Line("setEmbeddingsFromUpload", "ynnn yy ui", givens.an_upload_of_vectors),
    Line("cancelBackgroundJob", "ynnn yn un", givens.a_background_job_of_the_holder),
    # who sees the folder may have its vectors looked at
    Line("computeEmbeddingPlot", "ynnn yy un", givens.on_vectors()),
    Line("computeEmbeddingPlot", "yfff ff ui", givens.on_vectors(folderId=None)),
    Line("findNearDuplicates", "ynnn yy un", givens.on_vectors()),
    Line("findNearDuplicates", "yfff ff ui", givens.on_vectors(folderId=None)),
    # collections
    Line("createCollection", "ynnn yf un", givens.in_folder(name="collection")),
    Line("updateCollection", "ynnn yf un", givens.on_collection(name="other")),
    Line("deleteCollection", "ynnn yf un", givens.on_collection()),
    Line("addFilesToCollection", "ynnn yf un", givens.a_file_for_a_collection),
    Line("removeFilesFromCollection", "ynnn yf un", givens.a_file_of_a_collection),
    Line("addFilesToCollectionByTitle", "ynnn yf un", givens.on_collection(titles=["file.png"])),
    Line("addFilesToCollectionByPreset", "ynnn yf un", givens.a_collection_and_a_preset),
    Line("removeFilesFromCollectionByPreset", "ynnn yf un", givens.a_collection_and_a_preset),
    # presets: everybody makes their own; a shared one is its maker's and the administrators'
    Line(
        "createFilterPreset",
        "yyyy yy uy",
        givens.plain(name="preset", filter={"name": {"eq": "a"}}),
    ),
    Line("createFilterPreset", "ynnn yy un", givens.a_preset_of_a_folder),
    Line("importFilterPreset", "ynnn yy ui", givens.a_document_and_a_folder),
    Line("updateFilterPreset", "yfff yf un", givens.on_preset(name="other")),
    Line("deleteFilterPreset", "yfff yf un", givens.on_preset()),
    # integrations
    Line(
        "createIntegration",
        "yyyf yf uy",
        givens.plain(title="a", store={"local": {"root": "/tmp"}}),
    ),
    Line("updateIntegration", "ynnn yf un", givens.on_integration(title="other")),
    Line("deleteIntegration", "ynnn yf un", givens.on_integration()),
    Line("shareIntegration", "ynnn yf un", givens.somebody_for_an_integration),
    Line("changeIntegrationRole", "ynnn yf un", givens.the_role_of_the_user_on_an_integration),
    Line("unshareIntegration", "ynnn yf un", givens.an_integration_without_the_user),
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
