"""What a field has yet to fetch, said as a value, so that a whole list of them can be fetched at once."""

from collections.abc import Callable, Generator, Hashable
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from schema.context import Batch, Context, Info

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
V = TypeVar("V")


F = TypeVar("F", bound=Callable[..., Any])


def reads(*columns: str) -> Callable[[F], F]:
    """Say which columns of its row a resolver of a Stored type depends on, beside its arguments.

    Others are not fetched for it; and where it is one column alone, rows of equal values share one call.
    """

    def noted(resolver: F) -> F:
        resolver.reads = columns  # type: ignore[attr-defined]
        return resolver

    return noted


class Load:
    """A key of a batch, and what to make of what is found for it.

    The executor takes the loads of all rows of a list and runs each batch once; awaited by itself, a load is
    asked for together with the others of its tick.
    """

    __slots__ = ("batch", "context", "key", "made_of_nothing", "of")

    def __init__(
        self,
        context: "Context",
        batch: "Batch[Any, Any]",
        key: Any,
        of: Callable[[Any], Any],
        made_of_nothing: bool,
    ) -> None:
        self.context = context
        self.batch = batch
        self.key = key
        self.of = of
        self.made_of_nothing = made_of_nothing

    def made(self, found: Any) -> Any:
        """The field's value, from what was found; None is nothing. Raises what was found if it is an error."""
        if isinstance(found, Exception):
            raise found
        return None if found is None and not self.made_of_nothing else self.of(found)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._alone().__await__()

    async def _alone(self) -> Any:
        if self.key is None:
            return self.made(None)
        return self.made(await self.context.load(self.batch, self.key))


def related(info: "Info", batch: "Batch[K, R]", key: K | None, of: Callable[[R], V]) -> V | None:
    """What `of` makes of the one that `batch` finds for `key`; None if there is none.

    Typed as what it becomes; it is a Load until then.
    """
    return cast("V | None", Load(info.context, batch, key, of, made_of_nothing=False))


def looked_up(info: "Info", batch: "Batch[K, R]", key: K, of: Callable[[R | None], V]) -> V:
    """The same where something can be made of nothing, too: `of` is given None then."""
    return cast("V", Load(info.context, batch, key, of, made_of_nothing=True))
