"""Changes of the metadata schema."""

from typing import Annotated, Any, TypeVar

import strawberry

from app.accounts.actor import Actor
from app.core.db import Tx
from app.metadata import kinds, service
from app.search import indexing
from schema.context import Info
from schema.inputs import given
from schema.metadata.inputs import (
    AddMetadataEmbeddingInput,
    AddMetadataEnumInput,
    AddMetadataEnumOptionsInput,
    AddMetadataGeospatialInput,
    AddMetadataScalarInput,
    DeleteMetadataKeyInput,
    ImportMetadataSchemaInput,
    RestoreMetadataKeyInput,
)
from schema.metadata.types import MetadataKey, MetadataSchema
from schema.mutations import Payload, Work, change


@strawberry.interface(description="What every change of the metadata schema answers with.")
class MetadataSchemaPayload(Payload):
    """The schema after the change."""

    @strawberry.field(description="The schema as it is now, also if the change was refused.")
    async def metadata_schema(self, info: Info) -> MetadataSchema | None:
        return await MetadataSchema.load(info)


@strawberry.interface(description="What every change of one metadata key answers with.")
class MetadataKeyPayload(MetadataSchemaPayload):
    """The key after the change."""

    @strawberry.field(description="The key as it is now; null if the change was refused.")
    async def key(self, info: Info) -> MetadataKey | None:
        return await MetadataKey.load(info, self.answer.get("key"))


@strawberry.type(description="Answer to addMetadataScalar.")
class AddMetadataScalarPayload(MetadataKeyPayload):
    """The new key."""


@strawberry.type(description="Answer to addMetadataEnum.")
class AddMetadataEnumPayload(MetadataKeyPayload):
    """The new key."""


@strawberry.type(description="Answer to addMetadataEnumOptions.")
class AddMetadataEnumOptionsPayload(MetadataKeyPayload):
    """The key with its options."""


@strawberry.type(description="Answer to addMetadataEmbedding.")
class AddMetadataEmbeddingPayload(MetadataKeyPayload):
    """The new key."""


@strawberry.type(description="Answer to addMetadataGeospatial.")
class AddMetadataGeospatialPayload(MetadataKeyPayload):
    """The new key."""


@strawberry.type(description="Answer to deleteMetadataKey.")
class DeleteMetadataKeyPayload(MetadataKeyPayload):
    """What is left of the key."""


@strawberry.type(description="Answer to restoreMetadataKey.")
class RestoreMetadataKeyPayload(MetadataKeyPayload):
    """The key that is back."""


@strawberry.type(description="Answer to importMetadataSchema.")
class ImportMetadataSchemaPayload(MetadataSchemaPayload):
    """The new schema."""


@strawberry.type
class MetadataMutation:
    """The metadata schema's share of Mutation."""

    @strawberry.mutation(
        description="Declare a key with plain values. A scalar key that is there, or was softly deleted, takes"
        " this type."
    )
    async def add_metadata_scalar(
        self,
        info: Info,
        input: Annotated[AddMetadataScalarInput, strawberry.argument(description="The key.")],
    ) -> AddMetadataScalarPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await service.add_scalar(
                tx,
                actor,
                key=input.key,
                kind=kinds.scalar(input.type).kind,
                expected_revision=given(input.expected_revision),
            )
            return {"key": row.id.hex}

        return await _changed(info, AddMetadataScalarPayload, input, work)

    @strawberry.mutation(description="Declare a key whose values are one of several options.")
    async def add_metadata_enum(
        self,
        info: Info,
        input: Annotated[AddMetadataEnumInput, strawberry.argument(description="The key.")],
    ) -> AddMetadataEnumPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await service.add_enum(
                tx,
                actor,
                key=input.key,
                options=input.options,
                expected_revision=given(input.expected_revision),
            )
            return {"key": row.id.hex}

        return await _changed(info, AddMetadataEnumPayload, input, work)

    @strawberry.mutation(
        description="Give an enumeration more options; those that it has change nothing."
    )
    async def add_metadata_enum_options(
        self,
        info: Info,
        input: Annotated[
            AddMetadataEnumOptionsInput, strawberry.argument(description="The options.")
        ],
    ) -> AddMetadataEnumOptionsPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await service.add_enum_options(
                tx,
                actor,
                key=input.key,
                options=input.options,
                expected_revision=given(input.expected_revision),
            )
            return {"key": row.id.hex}

        return await _changed(info, AddMetadataEnumOptionsPayload, input, work)

    @strawberry.mutation(description="Declare a key whose values are vectors.")
    async def add_metadata_embedding(
        self,
        info: Info,
        input: Annotated[AddMetadataEmbeddingInput, strawberry.argument(description="The key.")],
    ) -> AddMetadataEmbeddingPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await service.add_embedding(
                tx,
                actor,
                key=input.key,
                dimensions=input.dimensions,
                expected_revision=given(input.expected_revision),
            )
            return {"key": row.id.hex}

        return await _changed(info, AddMetadataEmbeddingPayload, input, work)

    @strawberry.mutation(description="Declare a key whose values are coordinates.")
    async def add_metadata_geospatial(
        self,
        info: Info,
        input: Annotated[AddMetadataGeospatialInput, strawberry.argument(description="The key.")],
    ) -> AddMetadataGeospatialPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await service.add_geospatial(
                tx, actor, key=input.key, expected_revision=given(input.expected_revision)
            )
            return {"key": row.id.hex}

        return await _changed(info, AddMetadataGeospatialPayload, input, work)

    @strawberry.mutation(
        description="Delete a key. Client metadata keeps its values, and the name stays taken."
    )
    async def delete_metadata_key(
        self,
        info: Info,
        input: Annotated[DeleteMetadataKeyInput, strawberry.argument(description="The key.")],
    ) -> DeleteMetadataKeyPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await service.delete_key(
                tx,
                actor,
                key=input.key,
                is_hard=input.hard,
                expected_revision=given(input.expected_revision),
            )
            return {"key": row.id.hex}

        return await _changed(info, DeleteMetadataKeyPayload, input, work)

    @strawberry.mutation(description="Bring a softly deleted key back as what it was.")
    async def restore_metadata_key(
        self,
        info: Info,
        input: Annotated[RestoreMetadataKeyInput, strawberry.argument(description="The key.")],
    ) -> RestoreMetadataKeyPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await service.restore_key(
                tx, actor, key=input.key, expected_revision=given(input.expected_revision)
            )
            return {"key": row.id.hex}

        return await _changed(info, RestoreMetadataKeyPayload, input, work)

    @strawberry.mutation(
        description="Import a whole schema, all of it or nothing. Living keys take the types that it gives; those"
        " that it does not name are softly deleted."
    )
    async def import_metadata_schema(
        self,
        info: Info,
        input: Annotated[ImportMetadataSchemaInput, strawberry.argument(description="The schema.")],
    ) -> ImportMetadataSchemaPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            await service.replace(
                tx, actor, document=input.document, expected_revision=input.expected_revision
            )
            return {}

        return await _changed(info, ImportMetadataSchemaPayload, input, work)


P = TypeVar("P", bound=MetadataSchemaPayload)


async def _changed(info: Info, payload: type[P], given: Any, work: Work) -> P:
    """Change the schema, and have the indexes of its keys follow."""

    async def whole(tx: Tx, actor: Actor) -> dict[str, Any]:
        answer = await work(tx, actor)
        await indexing.ask(tx, actor.organisation_id)
        return answer

    return await change(info, payload, given, whole)
