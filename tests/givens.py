"""Inputs of mutations that could succeed, with the things that they name made first."""

from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core import ids
from app.core.ids import Kind
from tests.places import Place, fresh

Given = dict[str, Any]
Maker = Callable[[Place], Awaitable[Given]]


def plain(**given: Any) -> Maker:
    """An input that needs nothing made first; texts that end in `-` become fresh ones."""

    async def maker(_: Place) -> Given:
        return {
            name: fresh(value[:-1]) if isinstance(value, str) and value.endswith("-") else value
            for name, value in given.items()
        }

    return maker


def in_folder(**given: Any) -> Maker:
    """The same, with a fresh folder that is shared."""

    async def maker(place: Place) -> Given:
        return {"folderId": await place.folder(), **given}

    return maker


def on_integration(**given: Any) -> Maker:
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


async def an_encoder(place: Place) -> Given:
    key = fresh("key")
    await place.make("addMetadataEmbedding", "key", key=key, dimensions=1_024)
    return {"key": key, "encoder": {"local": {"model": "OPEN_NSFW_FEATURES"}}}


async def a_key_with_an_encoder(place: Place) -> Given:
    given = await an_encoder(place)
    await place.make("setEmbeddingEncoder", "key", **given)
    return {"key": given["key"]}


async def a_folder_to_encode(place: Place) -> Given:
    return {**await a_key_with_an_encoder(place), "folderId": await place.folder()}


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


async def an_embedding(place: Place) -> str:
    """A fresh embedding key of three dimensions."""
    key = fresh("key")
    await place.make("addMetadataEmbedding", "key", key=key, dimensions=3)
    return key


async def a_vector_of_a_file(place: Place) -> Given:
    _, file_id = await place.file()
    items = [{"fileId": file_id, "vector": [1, 2, 3]}]
    return {"key": await an_embedding(place), "items": items}


async def a_vector_to_remove(place: Place) -> Given:
    _, file_id = await place.file()
    return {"key": await an_embedding(place), "items": [{"fileId": file_id}]}


def on_vectors(**given: Any) -> Maker:
    """An input with a fresh folder that is shared and holds a vector, and the vector's key."""

    async def maker(place: Place) -> Given:
        folder_id, key = await place.vector()
        return {"key": key, "folderId": folder_id, **given}

    return maker


async def an_upload_of_vectors(place: Place) -> Given:
    return {"key": await an_embedding(place), "uploadId": await place.document()}


async def a_background_job_of_the_holder(place: Place) -> Given:
    given = await an_upload_of_vectors(place)
    return {"id": await place.of("holder").make("setEmbeddingsFromUpload", "job", **given)}


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


def on_collection(**given: Any) -> Maker:
    """An input with a fresh collection that is shared."""

    async def maker(place: Place) -> Given:
        collection_id, _ = await place.collection()
        return {"collectionId": collection_id, **given}

    return maker


async def a_file_for_a_collection(place: Place) -> Given:
    collection_id, file_id = await place.collection()
    return {"collectionId": collection_id, "fileIds": [file_id]}


async def a_file_of_a_collection(place: Place) -> Given:
    given = await a_file_for_a_collection(place)
    await place.make("addFilesToCollection", "collection", **given)
    return given


async def a_collection_and_a_preset(place: Place) -> Given:
    collection_id, _ = await place.collection()
    return {"collectionId": collection_id, "presetId": await place.preset()}


def on_preset(**given: Any) -> Maker:
    """An input with a fresh shared preset of the holder's."""

    async def maker(place: Place) -> Given:
        return {"presetId": await place.preset(), **given}

    return maker


async def a_preset_of_a_folder(place: Place) -> Given:
    return {
        "name": "preset",
        "filter": {"name": {"eq": "a"}},
        "folderId": await place.folder(),
    }


async def a_document_and_a_folder(place: Place) -> Given:
    flag = fresh("flag")
    await place.make("addMetadataScalar", "key", key=flag, type="BOOLEAN")
    filters = [{"key": flag, "type": "boolean", "values": [True]}]
    document = {"global_filters": {"filters": filters}}
    return {"name": "preset", "document": document, "folderId": await place.folder()}


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
