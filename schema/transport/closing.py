"""Why sockets are closed: the codes of graphql-transport-ws, and two of RFC 6455."""

from enum import IntEnum


class Closing(IntEnum):
    """Clients of graphql-ws connect again after 1013, 4403 and 4408; the rest is told to their users."""

    POLICY = 1008
    """The client is too busy for us."""
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    """A message is none of the protocol's."""
    UNAUTHORIZED = 4401
    """An operation came before the connection was acknowledged."""
    FORBIDDEN = 4403
    """The credentials do not hold, or no longer."""
    SUBPROTOCOL = 4406
    LATE = 4408
    """The client did not say who it is."""
    ID_IN_USE = 4409
    TOO_MANY_INITS = 4429
    INTERNAL = 4500


class Closed(Exception):
    """The socket is to be closed."""

    def __init__(self, code: Closing, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
