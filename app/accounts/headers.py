"""Request headers that must be unambiguous, because who somebody is rests on them."""

from collections.abc import Sequence

from app.core.errors import Unauthenticated

Headers = Sequence[tuple[bytes, bytes]]
"""Names and values as an ASGI server reports them, in the order in which they were sent."""


def every(headers: Headers, name: str) -> list[str]:
    """All values under one name, whatever its case. Raises Unauthenticated if one is not ASCII."""
    wanted = name.lower().encode("ascii")
    try:
        return [value.decode("ascii") for key, value in headers if key.lower() == wanted]
    except UnicodeDecodeError:
        raise Unauthenticated(f"The header {name} may only hold ASCII characters.") from None


def one(headers: Headers, name: str) -> str | None:
    """The value of a header, None if it was not sent. Raises Unauthenticated for two values."""
    values = every(headers, name)
    if len(values) > 1:
        raise Unauthenticated(f"The header {name} was sent {len(values)} times; send it once.")
    return values[0] if values else None
