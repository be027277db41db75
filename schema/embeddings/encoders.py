"""What can be asked of encoders, and changed about them."""

from typing import Annotated

import numpy as np
import strawberry

from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core.db import Tx
from app.embeddings import encoder_service, encoders
from schema.context import Info
from schema.embeddings.encoder_inputs import RemoveEmbeddingEncoderInput, SetEmbeddingEncoderInput
from schema.inputs import given
from schema.metadata.mutations import MetadataKeyPayload
from schema.mutations import change
from schema.scalars import Vector

What = strawberry.argument(description="What to do.")
Key = Annotated[str, strawberry.argument(description="The name of the embedding key.")]
Text = Annotated[str, strawberry.argument(description="1 to 8,192 characters.")]


@strawberry.type(description="What an encoder made.")
class EncodedText:
    """One vector."""

    vector: Vector = strawberry.field(description="As many numbers as the key has, of length 1.")


@strawberry.type
class EncoderQuery:
    """The encoders' share of Query."""

    @strawberry.field(
        description="The vector that a key's encoder makes of a text: what a search by this text looks for."
    )
    async def encode_text(self, info: Info, key: Key, text: Text) -> EncodedText | None:
        info.context.actor.must_have(TokenScope.READ)
        runtime, actor = info.context.runtime, info.context.actor
        vector = await encoders.encode_text(runtime, actor, key, text)
        return EncodedText(vector=Vector(np.array(vector, np.float32)))


@strawberry.type(description="Answer to setEmbeddingEncoder.")
class SetEmbeddingEncoderPayload(MetadataKeyPayload):
    """The key with its encoder."""


@strawberry.type(description="Answer to removeEmbeddingEncoder.")
class RemoveEmbeddingEncoderPayload(MetadataKeyPayload):
    """The key without an encoder."""


@strawberry.type
class EncoderMutation:
    """The encoders' share of Mutation."""

    @strawberry.mutation(
        description="Say who makes an embedding key's vectors of texts and pictures. Secrets are kept sealed"
        " and never shown. Try it with encodeText."
    )
    async def set_embedding_encoder(
        self, info: Info, input: Annotated[SetEmbeddingEncoderInput, What]
    ) -> SetEmbeddingEncoderPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            row = await encoder_service.set_encoder(
                tx,
                actor,
                info.context.runtime,
                input.key,
                input.encoder.kind(),
                expected_revision=given(input.expected_revision),
            )
            return {"key": row.id.hex}

        return await change(info, SetEmbeddingEncoderPayload, input, work)

    @strawberry.mutation(
        description="Take a key's encoder away. Its vectors stay, and can be searched by vectors and files."
    )
    async def remove_embedding_encoder(
        self, info: Info, input: Annotated[RemoveEmbeddingEncoderInput, What]
    ) -> RemoveEmbeddingEncoderPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            revision = given(input.expected_revision)
            row = await encoder_service.remove_encoder(
                tx, actor, input.key, expected_revision=revision
            )
            return {"key": row.id.hex}

        return await change(info, RemoveEmbeddingEncoderPayload, input, work)
