"""Inputs of the changes of the metadata schema."""

from typing import Annotated

import strawberry

from schema.inputs import ExpectedRevision, IdempotencyKey
from schema.metadata.enums import MetadataScalarType
from schema.scalars import Json

NewName = Annotated[
    str,
    strawberry.field(
        description="The name: 1 to 256 ASCII letters, digits, blanks, hyphens, underscores and periods, at least"
        " one letter or digit. `keyframes` is reserved, with or without separators."
    ),
]
Name = Annotated[str, strawberry.field(description="The name of the key.")]
Options = Annotated[
    list[str],
    strawberry.field(
        description="1 to 256 options in all, of 1 to 8,192 characters; repeated ones count once."
    ),
]


@strawberry.input(description="A key with plain values.")
class AddMetadataScalarInput:
    """Input of addMetadataScalar."""

    key: NewName
    type: MetadataScalarType = strawberry.field(description="What its values are.")
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A key whose values are one of several options.")
class AddMetadataEnumInput:
    """Input of addMetadataEnum."""

    key: NewName
    options: Options
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="More options for an enumeration.")
class AddMetadataEnumOptionsInput:
    """Input of addMetadataEnumOptions."""

    key: Name
    options: Options
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A key whose values are vectors.")
class AddMetadataEmbeddingInput:
    """Input of addMetadataEmbedding."""

    key: NewName
    dimensions: int = strawberry.field(
        description="How many numbers each vector has, 1 to 4,096; up to 2,000 to be explored in projects."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A key whose values are coordinates.")
class AddMetadataGeospatialInput:
    """Input of addMetadataGeospatial."""

    key: NewName
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A key to delete.")
class DeleteMetadataKeyInput:
    """Input of deleteMetadataKey."""

    key: Name
    hard: bool = strawberry.field(
        default=False,
        description="Delete for good: the key cannot be restored, and nobody can use the name again.",
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A softly deleted key to bring back.")
class RestoreMetadataKeyInput:
    """Input of restoreMetadataKey."""

    key: Name
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="A whole schema.")
class ImportMetadataSchemaInput:
    """Input of importMetadataSchema."""

    document: Json = strawberry.field(
        description="An object of names and types, as MetadataSchema.document gives it; up to 2,000 keys with"
        " the deleted ones."
    )
    expected_revision: int = strawberry.field(
        description="The revision that the document was made from, 0 if there was none. Refused with"
        " REVISION_CONFLICT if the stored one is another, so that no change of others is lost."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET
