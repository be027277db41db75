"""A token is believed for a moment, and not at all once access was changed."""

from app.accounts.actor import Actor
from app.accounts.believed import BELIEVED_SECONDS, Believed
from app.accounts.events import AccessChanged
from app.accounts.roles import OrganisationRole
from app.core.clock import new_id
from app.core.relay import Delivered

TOKEN = "a token"
ACTOR = Actor(
    user_id=new_id(),
    organisation_id=new_id(),
    role=OrganisationRole.MEMBER,
    scopes=frozenset(),
    credential="token:1",
)
CHANGED = AccessChanged(organisation_id=ACTOR.organisation_id, entity_id=ACTOR.user_id)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_bearer_is_known_for_a_second() -> None:
    clock = Clock()
    believed = Believed(clock)
    believed.keep(TOKEN, believed.begin(), ACTOR)
    assert believed.get(TOKEN) == ACTOR
    assert believed.get("another token") is None
    clock.seconds = BELIEVED_SECONDS
    assert believed.get(TOKEN) is None


def test_a_change_that_was_committed_here_makes_it_forget() -> None:
    believed = Believed()
    believed.keep(TOKEN, believed.begin(), ACTOR)
    believed.committed([])
    assert believed.get(TOKEN) == ACTOR
    believed.committed([CHANGED])
    assert believed.get(TOKEN) is None


def test_a_change_that_was_heard_of_makes_it_forget() -> None:
    believed = Believed()
    believed.keep(TOKEN, believed.begin(), ACTOR)
    for topic, known in (("file", ACTOR), (AccessChanged.topic, None)):
        believed.heard(Delivered(1, ACTOR.organisation_id, topic, ACTOR.user_id))
        assert believed.get(TOKEN) == known


def test_what_was_looked_up_before_a_change_is_not_kept_after_it() -> None:
    believed = Believed()
    begun = believed.begin()
    believed.committed([CHANGED])
    believed.keep(TOKEN, begun, ACTOR)
    assert believed.get(TOKEN) is None
