"""What storage refuses, and the mapping of the storage library's errors to it.

The library's own texts stay in `__cause__` for the log: they may quote the answer of a foreign
server, which is nothing to show to the caller.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from obstore import exceptions

from app.core.errors import AlreadyExists, Forbidden, Invalid, NotFound, TooLarge, Unavailable


class InvalidObjectUrl(Invalid):
    """The text names no object that storage can reach; the message says which rule it breaks."""


class NotOfThisIntegration(Invalid):
    """The URL names an object, but not one that this integration gives access to."""


class EndpointRefused(Invalid):
    """The endpoint is malformed, not https, or leads to an address that is not public."""


class SigningUnsupported(Invalid):
    """The credentials of this store cannot sign URLs; read the object through the server."""


class AccessPointUnreachable(Invalid):
    """The object lies behind an access point whose requests we cannot sign."""


class ObjectNotFound(NotFound):
    """There is no object of that key, or no such bucket."""


class ObjectForbidden(Forbidden):
    """The storage refuses the object to this integration's credentials."""


class ObjectExists(AlreadyExists):
    """An object of that key is there already; it was left as it is."""


class ObjectTooLarge(TooLarge):
    """The object has more bytes than are allowed; the message gives the limit."""


class StorageUnavailable(Unavailable):
    """The storage did not answer, or not properly; the same call may be made again."""


@contextmanager
def mapped(key: str) -> Iterator[None]:
    """Turn what the storage library raises about the object `key` into the errors above."""
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectNotFound(f"There is no object {key!r} in this storage.") from error
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        message = f"The storage refuses {key!r} to these credentials; check their rights."
        raise ObjectForbidden(message) from error
    except exceptions.AlreadyExistsError as error:
        raise ObjectExists(f"The object {key!r} is there already.") from error
    except exceptions.BaseError as error:
        message = f"The storage gave no proper answer about {key!r}; try again later."
        raise StorageUnavailable(message) from error
