"""How many sockets a caller has open on this process."""

from collections import Counter
from collections.abc import Callable, Hashable
from functools import partial

from starlette.types import Scope

from app.accounts.actor import Actor
from schema.transport.closing import Closed, Closing


class Crowd:
    """Counts the sockets of each user; those of strangers by their address."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: Counter[Hashable] = Counter()

    def enter(self, scope: Scope, actor: Actor | None) -> Callable[[], None]:
        """One more; call what is returned when it has left. Raises Closed if there are too many."""
        caller: Hashable = actor.user_id if actor else (scope.get("client") or ("",))[0]
        if self._inside[caller] >= self._most:
            raise Closed(Closing.TRY_AGAIN_LATER, f"You have {self._most} sockets open already.")
        self._inside[caller] += 1
        return partial(self._leave, caller)

    def _leave(self, caller: Hashable) -> None:
        self._inside[caller] -= 1
        if not self._inside[caller]:
            del self._inside[caller]
