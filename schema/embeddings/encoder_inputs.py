"""Inputs about encoders."""

import strawberry

from app.embeddings import encoder_kinds
from schema.embeddings.encoder_enums import LocalModel
from schema.inputs import ExpectedRevision, IdempotencyKey, given

URL = (
    "Such as https://host[:port]/path, without a slash at its end. Hosts in private networks, and plain http, need"
    " the operator's leave."
)


@strawberry.input(
    description="An endpoint that speaks OpenAI's embeddings API. It takes texts only."
)
class OpenAiEncoderInput:
    """One endpoint and model."""

    url: str = strawberry.field(
        default="https://api.openai.com/v1",
        description=f"The address that `/embeddings` is below. {URL}",
    )
    model: str = strawberry.field(description="The model's name, 1 to 255 characters.")
    asks_dimensions: bool = strawberry.field(
        default=False,
        description="Whether to ask for vectors as long as the key's; only some models can do it.",
    )
    api_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="Sent as a bearer token; never shown again."
    )

    def kind(self) -> encoder_kinds.Kind:
        """The same for `app`."""
        return encoder_kinds.OpenAi(
            self.url.rstrip("/"), self.model, self.asks_dimensions, given(self.api_key)
        )


@strawberry.input(
    description='An endpoint of your own. POST {"texts": [text]} or {"images": [base64]} is answered with'
    ' {"embeddings": [[number, …]]}.'
)
class EndpointEncoderInput:
    """One endpoint."""

    url: str = strawberry.field(description=URL)
    text_path: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where below it texts are taken, such as /texts; left out if they are not.",
    )
    image_path: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where below it images are taken, such as /images; left out if they are not.",
    )
    token: str | None = strawberry.field(
        default=strawberry.UNSET, description="Sent as a bearer token; never shown again."
    )

    def kind(self) -> encoder_kinds.Kind:
        """The same for `app`."""
        return encoder_kinds.Service(
            self.url.rstrip("/"), given(self.text_path), given(self.image_path), given(self.token)
        )


@strawberry.input(description="A model that runs on the server.")
class LocalEncoderInput:
    """One model."""

    model: LocalModel = strawberry.field(
        description="Its vectors must be as long as the key's. The operator must have installed it."
    )

    def kind(self) -> encoder_kinds.Kind:
        """The same for `app`."""
        return encoder_kinds.Local(self.model)


@strawberry.input(one_of=True, description="Who makes the vectors.")
class EncoderInput:
    """One encoder."""

    open_ai: strawberry.Maybe[OpenAiEncoderInput] = strawberry.field(
        description="OpenAI, or a server that speaks its API."
    )
    endpoint: strawberry.Maybe[EndpointEncoderInput] = strawberry.field(
        description="An endpoint of your own."
    )
    local: strawberry.Maybe[LocalEncoderInput] = strawberry.field(
        description="A model that runs on the server."
    )

    def kind(self) -> encoder_kinds.Kind:
        """The same for `app`."""
        kinds = (self.open_ai, self.endpoint, self.local)
        return next(one for one in kinds if one is not None).value.kind()


@strawberry.input(description="An encoder for an embedding key, in the place of any that it has.")
class SetEmbeddingEncoderInput:
    """Input of setEmbeddingEncoder."""

    key: str = strawberry.field(description="The name of the embedding key.")
    encoder: EncoderInput = strawberry.field(
        description="The whole of it: a secret that is not given again is gone."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="An encoder to take away.")
class RemoveEmbeddingEncoderInput:
    """Input of removeEmbeddingEncoder."""

    key: str = strawberry.field(description="The name of the embedding key.")
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET
