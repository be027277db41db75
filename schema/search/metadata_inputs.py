"""Tests of declared metadata keys."""

import strawberry

from app.core.errors import Path
from app.search.filters import MetadataTest
from schema.files.comparisons import DateTimeFilter, FloatFilter, StringFilter


@strawberry.input(
    one_of=True,
    description="One comparison of a metadata value: the member that fits the type of the key. Another is an error"
    " that says what fits.",
)
class MetadataPredicate:
    """A test of one value."""

    text: strawberry.Maybe[StringFilter] = strawberry.field(
        description="For VARCHAR, UUID and ENUM. Of a VARCHAR the first 512 characters are compared; an ENUM has"
        " eq, ne, in, notIn and isNull only, and knows its options."
    )
    number: strawberry.Maybe[FloatFilter] = strawberry.field(description="For NUMBER.")
    instant: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="For DATETIME.")
    flag: strawberry.Maybe[bool] = strawberry.field(description="For BOOLEAN: it is this value.")
    words: strawberry.Maybe[str] = strawberry.field(
        description="For TEXT: it holds all of these words, in any order, without regard to case. Words in"
        " quotation marks stand side by side, `or` means either, `-word` must not be there. A text without"
        " any word matches nothing. At most 1,000 characters."
    )
    exists: strawberry.Maybe[bool] = strawberry.field(
        description="For all of these types. True: there is a value that fits the type. False: there is none. For"
        " EMBEDDING: the file, or a frame of it, has a vector."
    )


@strawberry.input(description="A test of one metadata key of the organisation's schema.")
class MetadataFilter:
    """A key and a test of its value."""

    key: str = strawberry.field(description="The key; one that is not declared is an error.")
    is_: MetadataPredicate = strawberry.field(name="is", description="What its value is.")

    def test(self, at: Path) -> MetadataTest:
        """The same for `app`; `at` is its path in the arguments."""
        place = (*at, "is")
        given = {name: some.value for name, some in vars(self.is_).items() if some is not None}
        made = {
            name: value.test((*place, name)) if name in _COMPARED else value
            for name, value in given.items()
        }
        return MetadataTest(key=self.key, **made)


_COMPARED = frozenset({"text", "number", "instant"})
