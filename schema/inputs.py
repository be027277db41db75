"""Members that many inputs share."""

from typing import Annotated, TypeVar

import strawberry

T = TypeVar("T")

IdempotencyKey = Annotated[
    str | None,
    strawberry.field(
        description="Any text of up to 255 characters that you make up for this change. Sent again within 24"
        " hours, it gives the first answer again and changes nothing."
    ),
]
ExpectedRevision = Annotated[
    int | None,
    strawberry.field(
        description="Refuse with REVISION_CONFLICT if the stored revision is another."
    ),
]


def given(value: T | None) -> T | None:
    """The value of an argument or member; None if it was left out."""
    return None if value is strawberry.UNSET else value
