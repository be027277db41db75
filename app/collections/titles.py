"""Putting files into a collection by their titles, with an account of every title."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, bindparam, func, select, true
from sqlmodel import col

from app.accounts.actor import Actor
from app.collections import contents, service
from app.collections.models import Collection
from app.core.db import Tx
from app.core.errors import TooLarge
from app.core.texts import is_storable
from app.files import access, tree
from app.files.models import File
from app.files.outcomes import Outcome

MOST_TITLES = 1_000
MOST_BYTES = 200_000

Found = Mapping[str, Sequence[UUID]]
"""Of each title that is found: the file, or two of the several that have it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of each of the titles, which are told apart and in the order given; together they are all."""

    matched: Sequence[str]
    ambiguous: Sequence[str]
    unmatched: Sequence[str]

    @property
    def requested_count(self) -> int:
        """How many different titles were given."""
        return len(self.matched) + len(self.ambiguous) + len(self.unmatched)


@dataclass(frozen=True, slots=True)
class Account:
    """What came of titles: the report, how many files are new in the collection, and which went meanwhile."""

    report: Report
    added_count: int
    failed: Sequence[Outcome]


async def add(tx: Tx, actor: Actor, collection_id: UUID, titles: Sequence[str]) -> Account:
    """Put in each file whose title is given, if it is the only one of that title.

    Looked for are the files that the actor may see and that lie below the collection's folder; parts of
    composites are none of them.
    """
    wanted = distinct(titles)
    collection = await service.changeable(tx, actor, collection_id)
    found = await _look_up(tx, actor, collection, [one for one in wanted if is_storable(one)])
    report = sort_out(wanted, found)
    chosen = [found[title][0] for title in report.matched]
    held = await contents.hold(tx, actor, chosen)
    new = await contents.put(tx, collection, held)
    gone = [contents.vanished(file_id) for file_id in chosen if file_id not in held]
    return Account(report, len(new), gone)


def distinct(titles: Sequence[str]) -> list[str]:
    """The different titles, in the order given. Raises TooLarge for over 1,000, or over 200,000 bytes in all."""
    if len(titles) > MOST_TITLES:
        message = f"{len(titles):,} titles; at most {MOST_TITLES:,} at once."
        raise TooLarge(message, field=("titles",))
    byte_count = sum(len(title.encode(errors="surrogatepass")) for title in titles)
    if byte_count > MOST_BYTES:
        message = f"{byte_count:,} bytes of titles; at most {MOST_BYTES:,} at once."
        raise TooLarge(message, field=("titles",))
    return list(dict.fromkeys(titles))


def sort_out(titles: Sequence[str], found: Found) -> Report:
    """Which of these different titles one file has, which several have, and which none."""
    counts = {title: len(found.get(title, ())) for title in titles}
    return Report(
        matched=[title for title in titles if counts[title] == 1],
        ambiguous=[title for title in titles if counts[title] > 1],
        unmatched=[title for title in titles if counts[title] == 0],
    )


def statement(actor: Actor, folder_id: UUID) -> Select[Any]:
    """Titles of the parameter `titles` with files of theirs below a folder, at most two for each title."""
    wanted = func.unnest(bindparam("titles", None, type_=ARRAY(Text))).table_valued("title")
    title = wanted.render_derived(name="wanted")
    is_below = col(File.folder_id).in_(tree.below_id(actor.organisation_id, folder_id))
    same = (
        access.visible_files(actor)
        .where(col(File.name) == title.c.title, is_below, col(File.is_component).is_(False))
        .with_only_columns(col(File.id), maintain_column_froms=True)
        .order_by(None)
        .limit(2)
        .lateral("same")
    )
    return select(title.c.title, same.c.id).select_from(title).join(same, true())


async def _look_up(
    tx: Tx, actor: Actor, collection: Collection, titles: Sequence[str]
) -> dict[str, list[UUID]]:
    found: dict[str, list[UUID]] = {}
    rows = await tx.execute(statement(actor, collection.folder_id), {"titles": titles})
    for title, file_id in rows.all():
        found.setdefault(title, []).append(file_id)
    return found
