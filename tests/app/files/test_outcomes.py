"""What becomes of the items of a bulk change."""

import pytest

from app.core.clock import new_id
from app.core.errors import Conflict, Invalid, TooLarge
from app.files import outcomes
from app.files.outcomes import BulkMode, ItemStatus, Outcome


def two() -> list[Outcome]:
    """One item that went well, and one that did not."""
    good, bad = Outcome(new_id(), warnings=[{"key": "a"}]), Outcome(new_id())
    with bad.judged():
        raise Invalid("No.", field=("name",))
    return [good, bad]


def test_partial_tells_of_each() -> None:
    results = outcomes.settle(two(), BulkMode.PARTIAL)["results"]
    assert [one["status"] for one in results] == ["UPDATED", "REJECTED"]
    assert results[1]["error"] == {"code": "INVALID", "message": "No.", "field": ("name",)}


def test_atomic_raises_and_says_that_nothing_was_written() -> None:
    with pytest.raises(Conflict) as refused:
        outcomes.settle(two(), BulkMode.ATOMIC)
    results = refused.value.answer["results"]
    assert [one["status"] for one in results] == ["UNCHANGED", "REJECTED"]
    assert results[0]["warnings"] == []


@pytest.mark.parametrize("mode", list(BulkMode))
def test_all_good_is_good_in_every_mode(mode: BulkMode) -> None:
    results = outcomes.settle([Outcome(), Outcome(status=ItemStatus.UNCHANGED)], mode)["results"]
    assert [one["status"] for one in results] == ["UPDATED", "UNCHANGED"]


def test_a_bug_in_one_item_stays_loud() -> None:
    with pytest.raises(KeyError), Outcome().judged():
        raise KeyError


def test_a_thousand_items_are_the_most() -> None:
    outcomes.check_count([None] * 1_000)
    with pytest.raises(TooLarge):
        outcomes.check_count([None] * 1_001)
