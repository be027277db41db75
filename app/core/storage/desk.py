"""What every request to the storage endpoint needs, and how its token is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from app.core.storage import signing
from app.core.storage.signing import Grant
from app.core.storage.store import Store

OnReceived = Callable[[str, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Desk:
    """`on_received(key, byte_size)` hears of every object that is whole, once or more often."""

    store: Store
    secret: bytes = field(repr=False)
    now: Callable[[], datetime]
    on_received: OnReceived
    segment_bytes: int

    def admit(self, request: Request, method: str) -> tuple[str, Grant]:
        """The key that the request is for, and what its token grants; or BadToken."""
        key = request.path_params["key"]
        token = request.query_params.get("token", "")
        return key, signing.verify(self.secret, token, method, key, self.now())
