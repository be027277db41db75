"""Text that clients send: of bounded length, and such that PostgreSQL can keep it."""

from app.core.errors import Invalid, Path

NAME_LENGTH = 255
"""Characters that a name or a title has at most."""
DESCRIPTION_LENGTH = 4_096
"""Characters that a description has at most."""


def name(text: str, field: Path = ("name",)) -> str:
    """A name as it was sent: 1 to 255 characters, not all of them blank."""
    if not text.strip():
        raise Invalid("A name cannot be empty.", field=field)
    return checked(text, field=field, most=NAME_LENGTH)


def description(text: str, field: Path = ("description",)) -> str:
    """A description as it was sent: up to 4,096 characters."""
    return checked(text, field=field, most=DESCRIPTION_LENGTH)


def checked(text: str, *, field: Path, most: int) -> str:
    """The text as it was sent. Raises Invalid if it is longer, or holds NUL or half of a surrogate pair."""
    if len(text) > most:
        raise Invalid(f"This has {len(text):,} characters; at most {most:,}.", field=field)
    if not is_storable(text):
        raise Invalid("Text cannot hold U+0000 or lone surrogates.", field=field)
    return text


def is_storable(text: str) -> bool:
    """Whether PostgreSQL takes the text: it has no NUL, and is Unicode that UTF-8 can write."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def storable(text: str) -> str:
    """The text as PostgreSQL takes it, with U+FFFD for what it does not: for what quotes others in a message."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")
