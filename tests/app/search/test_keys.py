"""What a process knows of metadata keys, and for how long it believes it."""

from uuid import UUID

import pytest

from app.core.errors import Invalid
from app.core.runtime import Runtime
from app.metadata import service
from app.metadata.events import MetadataSchemaChanged
from app.metadata.kinds import ScalarKind, Tombstone
from app.search.keys import BELIEVED_SECONDS, Key, Keys, KnownKeys
from tests.app.search.shelf import declare
from tests.statements import Statements
from tests.world import Person, World


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def person(world: World) -> Person:
    found = await world.organisation()
    await declare(world, found)
    return found


async def test_what_was_read_is_believed_for_a_second(runtime: Runtime, person: Person) -> None:
    clock = Clock()
    known = KnownKeys(clock)
    assert known.believed(person.organisation_id) is None
    keys = await known.read(runtime.reads, person.actor)
    clock.now = BELIEVED_SECONDS - 0.01
    assert known.believed(person.organisation_id) is keys
    clock.now = BELIEVED_SECONDS
    assert known.believed(person.organisation_id) is None


async def test_then_only_the_revision_is_looked_at(
    runtime: Runtime, world: World, person: Person, statements: Statements
) -> None:
    clock = Clock()
    known = KnownKeys(clock)
    keys = await known.read(runtime.reads, person.actor)
    statements.clear()
    assert await known.read(runtime.reads, person.actor) is keys
    assert len(statements) == 1
    async with runtime.db.transaction(person.actor.scope) as tx:
        await service.add_scalar(tx, person.actor, key="new", kind=ScalarKind.NUMBER)
    assert "new" in (await known.read(runtime.reads, person.actor)).by_name
    assert keys.mark(["number", "unknown"])[0][0] == "number"


async def test_a_change_that_is_heard_of_ends_belief_in_that_organisations_keys(
    runtime: Runtime, world: World, person: Person
) -> None:
    other = await world.organisation()
    known = KnownKeys()
    for one in (person, other):
        await known.read(runtime.reads, one.actor)
    one_id = person.organisation_id
    known.forget([MetadataSchemaChanged(organisation_id=one_id, entity_id=one_id)])
    assert known.believed(one_id) is None
    assert known.believed(other.organisation_id) is not None


async def test_an_organisation_without_a_schema_has_no_keys(runtime: Runtime, world: World) -> None:
    other = await world.organisation()
    keys = await KnownKeys().read(runtime.reads, other.actor)
    with pytest.raises(Invalid, match="No key is declared yet"):
        keys.find("x", ("filter",))


def test_a_deleted_key_is_never_suggested() -> None:
    keys = Keys(UUID(int=1), {"price": Key("price", 1, Tombstone(None))})
    with pytest.raises(Invalid, match="No key is declared yet"):
        keys.find("prices", ("filter",))
