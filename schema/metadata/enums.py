"""The enumerations of the metadata schema."""

from enum import StrEnum

from app.metadata.models import KeyState
from schema import enums


class MetadataKeyType(StrEnum):
    """What a key's values are."""

    BOOLEAN = "boolean"
    DATETIME = "datetime"
    NUMBER = "number"
    UUID = "uuid"
    VARCHAR = "varchar"
    TEXT = "text"
    ENUM = "enum"
    EMBEDDING = "embedding"
    GEOSPATIAL = "geospatial"


class MetadataScalarType(StrEnum):
    """What a scalar key may be declared as."""

    BOOLEAN = "boolean"
    DATETIME = "datetime"
    NUMBER = "number"
    UUID = "uuid"
    VARCHAR = "varchar"
    TEXT = "text"
    STRING = "string"
    LONG_STRING = "long_string"


SCALARS = {
    "BOOLEAN": 'true or false; the texts "true" and "false" are read too.',
    "DATETIME": "ISO 8601 text, years 1 to 9999; without an offset it is UTC.",
    "NUMBER": "A number in double precision.",
    "UUID": "A UUID of any version as text with hyphens.",
    "VARCHAR": "A text of up to 8,192 characters, to compare and to sort by.",
    "TEXT": "A text of any length, to search for words in.",
}

enums.public(
    MetadataKeyType,
    "What the values of a metadata key are. The list only grows: have a default branch.",
    {
        **{MetadataKeyType[name]: description for name, description in SCALARS.items()},
        MetadataKeyType.ENUM: "One text of a list of options.",
        MetadataKeyType.EMBEDDING: "A vector: a list of exactly as many numbers as was declared.",
        MetadataKeyType.GEOSPATIAL: "Coordinates, kept as they come.",
    },
)
enums.public(
    MetadataScalarType,
    "What the values of a scalar key are.",
    {
        **{MetadataScalarType[name]: description for name, description in SCALARS.items()},
        MetadataScalarType.STRING: "Another name for VARCHAR; stored and reported as that.",
        MetadataScalarType.LONG_STRING: "Another name for TEXT; stored and reported as that.",
    },
)
enums.public(
    KeyState,
    "Whether the values that files already hold were read under a key's present type.",
    {
        KeyState.READY: "All of them were.",
        KeyState.INDEXING: "They are being read now: filters may miss files until it is done.",
    },
    name="MetadataKeyState",
)
