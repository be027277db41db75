"""The declared metadata keys of an organisation, as filters and sorts need them.

What was read is believed for a second, then only the schema's revision is looked at. A change of the schema is
announced (`MetadataSchemaChanged`): this process forgets as it commits the change, others when they hear of it.
"""

import difflib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from app.accounts.actor import Actor
from app.core.errors import Invalid, Path
from app.core.outbox import Event
from app.core.reads import Reads
from app.core.relay import Delivered
from app.metadata import wire
from app.metadata.events import MetadataSchemaChanged
from app.metadata.kinds import Embedding, Enumeration, Geospatial, KeyType, Scalar, Tombstone

BELIEVED_SECONDS = 1.0
MOST_ORGANISATIONS = 1_000
MOST_TOLD = 10

_STATE = (
    "schema.revision, (select array_agg(name order by name) from vector_table"
    " where organisation_id = $1) as tables from metadata_schema schema"
)
_REVISION = f"select {_STATE} where schema.organisation_id = $1"
_KEYS = (
    f"select key.name, key.number, key.definition, held.name as vectors, {_STATE}"
    " left join metadata_key key on key.organisation_id = schema.organisation_id"
    " left join vector_table held on held.organisation_id = key.organisation_id and held.key_number = key.number"
    " where schema.organisation_id = $1"
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key:
    """A declared key. `number` names its values in the typed document."""

    name: str
    number: int
    type: KeyType
    vectors: str | None = None
    """The table of an embedding's vectors, to be put into SQL as it is; None while there is none."""

    @property
    def told(self) -> str:
        """The name of the type, as people know it."""
        match self.type:
            case Scalar(kind):
                return kind.value.upper()
            case Enumeration():
                return "ENUM"
            case Embedding():
                return "EMBEDDING"
            case Geospatial():
                return "GEOSPATIAL"
        return "deleted"


@dataclass(frozen=True, slots=True)
class Keys:
    """The declared keys of one organisation by name, deleted ones too; perhaps none of them were read."""

    organisation_id: UUID
    by_name: Mapping[str, Key] = field(default_factory=dict)

    def find(self, name: str, at: Path) -> Key:
        """The living key of this name. Raises Invalid, with `at` as the path, if there is none."""
        key = self.by_name.get(name)
        if key is None:
            raise Invalid(f"`{name[:80]}` is no metadata key.{self._near(name)}", field=at)
        if isinstance(key.type, Tombstone):
            raise Invalid(f"The metadata key `{name}` is deleted.", field=at)
        return key

    def mark(self, names: Iterable[str]) -> tuple[tuple[str | int | None, ...], ...]:
        """What statements depend on, of these names. A key of another type has another number."""
        found = (self.by_name.get(name) for name in sorted(names))
        return tuple(
            (key.name, key.number, key.told, key.vectors) for key in found if key is not None
        )

    def _near(self, name: str) -> str:
        living = [key.name for key in self.by_name.values() if not isinstance(key.type, Tombstone)]
        if not living:
            return " No key is declared yet."
        folded = {one.casefold(): one for one in living}
        near = difflib.get_close_matches(name[:80].casefold(), folded, n=3)
        if near:
            return f" Perhaps you mean {_listed([folded[one] for one in near])}."
        more = f" and {len(living) - MOST_TOLD:,} more" if len(living) > MOST_TOLD else ""
        return f" There are {_listed(sorted(living)[:MOST_TOLD])}{more}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@dataclass(frozen=True, slots=True)
class _Held:
    """Keys as they were read."""

    keys: Keys
    state: tuple[Any, ...]
    """The schema's revision, and the tables of vectors that there are."""
    read_at: float


class KnownKeys:
    """The keys of the organisations that asked last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[UUID, _Held] = {}
        self._forgotten = 0

    def believed(self, organisation_id: UUID) -> Keys | None:
        """The keys, if they were read less than a second ago."""
        held = self._held.get(organisation_id)
        fresh = held is not None and self._clock() - held.read_at < BELIEVED_SECONDS
        return held.keys if held is not None and fresh else None

    async def read(self, reads: Reads, actor: Actor) -> Keys:
        """The keys as they are now, by one small statement if nothing has changed."""
        organisation_id, begun, forgotten = actor.organisation_id, self._clock(), self._forgotten
        held = self._held.get(organisation_id)
        if held is not None:
            rows = await reads.fetch(actor.scope, _REVISION, [organisation_id])
            if [_state(row) for row in rows] == [held.state]:
                self._keep(_Held(held.keys, held.state, begun), forgotten)
                return held.keys
        rows = await reads.fetch(actor.scope, _KEYS, [organisation_id])
        found = {row["name"]: _key(row) for row in rows if row["name"] is not None}
        keys = Keys(organisation_id, found)
        self._keep(_Held(keys, _state(rows[0]) if rows else (), begun), forgotten)
        return keys

    def forget(self, events: Iterable[Event | Delivered]) -> None:
        """Believe nothing any more of an organisation whose schema has changed, as one of these events tells."""
        for event in events:
            if event.topic == MetadataSchemaChanged.topic:
                self._forgotten += 1
                self._held.pop(event.organisation_id, None)

    def _keep(self, held: _Held, forgotten: int) -> None:
        if forgotten != self._forgotten:
            return
        if len(self._held) >= MOST_ORGANISATIONS:
            self._held.clear()
        self._held[held.keys.organisation_id] = held


def known(reads: Reads) -> KnownKeys:
    """What this process knows of keys."""
    found: KnownKeys = reads.kept.get("metadata keys", KnownKeys)
    return found


async def using(reads: Reads, actor: Actor, names: Collection[str], make: Callable[[Keys], T]) -> T:
    """What `make` makes of the organisation's keys; they are read only if any are named.

    What it refuses on the strength of keys that were read before is tried again with the present ones.
    """
    if not names:
        return make(Keys(actor.organisation_id))
    held = known(reads)
    believed = held.believed(actor.organisation_id)
    if believed is not None:
        try:
            return make(believed)
        except Invalid:
            pass  # a key may have come meanwhile
    return make(await held.read(reads, actor))


def _key(row: Any) -> Key:
    return Key(row["name"], row["number"], wire.from_wire(row["definition"]), row["vectors"])


def _state(row: Any) -> tuple[Any, ...]:
    return row["revision"], row["tables"]
