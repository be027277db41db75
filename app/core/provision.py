"""PostgreSQL and Valkey: those that the settings name, or our own for as long as they are needed."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.core import embedded
from app.core.settings import Settings


@contextmanager
def provided(settings: Settings) -> Iterator[Settings]:
    """Settings with both URLs. What was not given is started, and ends with the last process that uses it.

    Raises EmbeddedError if it cannot be started.
    """
    if not settings.is_embedded:
        yield settings
        return
    services = embedded.start(settings.home)
    try:
        yield settings.model_copy(
            update={
                "database_url": settings.database_url or services.database_url,
                "redis_url": settings.redis_url or services.redis_url,
            }
        )
    finally:
        embedded.stop(services)
