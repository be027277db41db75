"""Encoders as clients see them."""

from datetime import datetime
from typing import Self

import strawberry

from app.embeddings.models import Encoder
from schema.embeddings.encoder_enums import EncoderKind, LocalModel


@strawberry.type(
    description="Who makes the vectors of an embedding key from texts and pictures. Members that its kind does not"
    " have are null; secrets are never shown."
)
class EmbeddingEncoder:
    """One encoder."""

    kind: EncoderKind = strawberry.field(description="How it is reached.")
    url: str | None = strawberry.field(description="The address below which an endpoint lies.")
    model: str | None = strawberry.field(
        description="The model that an OPENAI endpoint is asked for."
    )
    asks_dimensions: bool | None = strawberry.field(
        description="Whether an OPENAI endpoint is asked for vectors as long as the key's."
    )
    text_path: str | None = strawberry.field(
        description="Where an ENDPOINT takes texts; null if it takes none."
    )
    image_path: str | None = strawberry.field(
        description="Where an ENDPOINT takes images; null if it takes none."
    )
    local_model: LocalModel | None = strawberry.field(description="The model of a LOCAL encoder.")
    has_secret: bool = strawberry.field(
        description="Whether a secret is sent with each request to the endpoint."
    )
    revision: int = strawberry.field(
        description="Counts changes from 1; send it back as expectedRevision."
    )
    updated_at: datetime = strawberry.field(description="When it was set.")

    @classmethod
    def of(cls, row: Encoder) -> Self:
        """The public form of a row."""
        is_local, shown = row.kind is EncoderKind.LOCAL, row.configuration
        return cls(
            kind=row.kind,
            url=shown.get("url"),
            model=None if is_local else shown.get("model"),
            asks_dimensions=shown.get("asks_dimensions"),
            text_path=shown.get("text_path"),
            image_path=shown.get("image_path"),
            local_model=LocalModel(shown["model"]) if is_local else None,
            has_secret=row.credentials is not None,
            revision=row.revision,
            updated_at=row.updated_at,
        )
