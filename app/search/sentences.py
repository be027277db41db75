"""What the plan of a search means, in sentences. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.metadata.kinds import Tombstone
from app.search import unindexed
from app.search.filters import FileFilter
from app.search.indexes import has_index
from app.search.keys import Keys
from app.search.models import IndexState
from app.search.plans import Plan, Strategy

WASTE = 20
"""So many files looked at for one that is found are worth a word."""
MUCH = 1_000

KeyStates = Mapping[str, tuple[IndexState, float | None]]
"""By key: where its index stands, and the share of the present step that is done."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A search and its plan; `used` are keys and uses of indexes, `threshold` a number of files."""

    plan: Plan
    used: Sequence[str]
    tree: FileFilter
    keys: Keys
    threshold: int


def sentences(situation: Situation, states: KeyStates) -> list[str]:
    """How the files are found, and what would make it quicker."""
    return [
        _how(situation),
        *_figures(situation.plan),
        *_states(situation, states),
        *unindexed.sentences(situation.tree, situation.keys),
        *(unindexed.negations(situation.tree) if _is_wasteful(situation.plan) else ()),
    ]


def _how(situation: Situation) -> str:
    used = " and ".join(f"`{one}`" for one in situation.used) or "files by id"
    match situation.plan.strategy:
        case Strategy.INDEX:
            return f"An index leads straight to the files that fit: {used}."
        case Strategy.BITMAP:
            return f"Indexes lead to the files that fit, which are then sorted: {used}."
        case Strategy.ORDERED_SCAN:
            return (
                "Files are looked at one after the other in the order that you asked for, until the page is"
                f" full: {used}."
            )
        case Strategy.FULL_SCAN:
            return "Each of the files is looked at, and those that fit are sorted."
    return "Nothing can fit, so no file is looked at."


def _figures(plan: Plan) -> Iterator[str]:
    if plan.looked_at is None or plan.found is None:
        yield "It took longer than two seconds and was stopped: the figures are estimates."
        return
    if _is_wasteful(plan):
        yield (
            f"{plan.looked_at:,} files were looked at to find {plan.found}: a test that fewer files pass, of a"
            " key with an index, would help."
        )


def _is_wasteful(plan: Plan) -> bool:
    """Whether far more files were looked at than found, or all of it took too long."""
    if plan.looked_at is None or plan.found is None:
        return True
    return plan.looked_at > max(MUCH, plan.found * WASTE)


def _states(situation: Situation, states: KeyStates) -> Iterator[str]:
    for key, (state, share) in states.items():
        done = "" if share is None else f" {share:.0%}"
        match state:
            case IndexState.NONE:
                if key not in situation.used and _can_have_one(situation, key):
                    yield (
                        f"There is no index on `{key}`: up to {situation.threshold:,} files a look at each is as"
                        " quick."
                    )
            case IndexState.READY:
                if key not in situation.used:
                    yield f"The index on `{key}` is ready, but another way is quicker here."
            case _:
                yield f"There is no index on `{key}` yet: {state}{done}."


def _can_have_one(situation: Situation, key: str) -> bool:
    """Whether values of the key are compared by an index of its own: words of texts have one for all."""
    known = situation.keys.by_name.get(key)
    return known is None or isinstance(known.type, Tombstone) or has_index(known.type)
