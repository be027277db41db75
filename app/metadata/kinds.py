"""What the values of a metadata key may be. Every type here is whole: built by these functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import Invalid, Path, TooLarge

MOST_OPTIONS = 256
LONGEST_VARCHAR = 8192
"""Characters of a varchar value, and of one option of an enumeration."""

MOST_DIMENSIONS = 4096


class ScalarKind(StrEnum):
    """What one plain value can be."""

    BOOLEAN = "boolean"
    DATETIME = "datetime"
    NUMBER = "number"
    UUID = "uuid"
    VARCHAR = "varchar"
    TEXT = "text"


ALIASES = {"string": ScalarKind.VARCHAR, "long_string": ScalarKind.TEXT}
"""Names that are understood and never stored."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One plain value."""

    kind: ScalarKind


@dataclass(frozen=True, slots=True)
class Enumeration:
    """One of `values`: 1 to 256 different strings in code point order."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Embedding:
    """A vector of exactly `size` numbers, 1 to 4096."""

    size: int


@dataclass(frozen=True, slots=True)
class Geospatial:
    """Coordinates, kept as they come: their shape is nowhere written down."""


LiveType = Scalar | Enumeration | Embedding | Geospatial


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A deleted key, which keeps its name. `deleted` is what it was, None if that is for good."""

    deleted: LiveType | None


KeyType = LiveType | Tombstone


def scalar(name: str, *, field: Path = ("type",)) -> Scalar:
    """The scalar of that name or alias."""
    if name in ALIASES:
        return Scalar(ALIASES[name])
    if name not in list(ScalarKind):
        known = ", ".join(ScalarKind)
        raise Invalid(f"{name[:80]!r} is no scalar type; take one of {known}.", field=field)
    return Scalar(ScalarKind(name))


def enumeration(values: Sequence[str], *, field: Path = ("values",)) -> Enumeration:
    """The enumeration of these options, in any order; repeated ones count once."""
    for position, value in enumerate(values):
        _check_option(value, (*field, position))
    options = tuple(sorted(set(values)))
    if not options:
        raise Invalid("An enumeration has at least one value.", field=field)
    if len(options) > MOST_OPTIONS:
        raise TooLarge(
            f"An enumeration has at most {MOST_OPTIONS} values; these are {len(options)}.",
            field=field,
        )
    return Enumeration(options)


def embedding(size: int, *, field: Path = ("size",)) -> Embedding:
    """The embedding of `size` numbers."""
    if not 1 <= size <= MOST_DIMENSIONS:
        raise Invalid(f"An embedding has 1 to {MOST_DIMENSIONS} numbers.", field=field)
    return Embedding(size)


def _check_option(value: str, field: Path) -> None:
    if not value:
        raise Invalid("A value of an enumeration is not empty.", field=field)
    if len(value) > LONGEST_VARCHAR:
        raise TooLarge(
            f"A value of an enumeration has at most {LONGEST_VARCHAR} characters;"
            f" this one has {len(value)}.",
            field=field,
        )
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        raise Invalid(
            "A value of an enumeration holds neither U+0000 nor half of a surrogate pair:"
            " the database cannot store them.",
            field=field,
        )
