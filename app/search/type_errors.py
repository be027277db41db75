"""Values that do not fit the keys that a search names: such files are left out of it, and told of here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, bindparam, func, select, true
from sqlmodel import col

from app.accounts.actor import Actor
from app.accounts.batches import HotBatch
from app.core.reads import Reads, Row
from app.files import access
from app.files.models import File, FileTypeError
from app.files.verification import MOST_ERRORS
from app.search import keys
from app.search.keys import Key, Keys

SAMPLE = 5
"""How many values are shown of each key, those of the oldest files."""


@dataclass(frozen=True, slots=True)
class WrongValues:
    """Of one key, how many of the files that somebody may see have a value that does not fit; some of them."""

    key: Key
    count: int
    is_exact: bool
    sample: Sequence[Row]
    """Columns `file_id`, `frame` (-1: the file's own value) and `found`."""


@dataclass(frozen=True)
class WrongValuesOf(HotBatch):
    """The wrong values of sets of keys, by name; of a key without any there is nothing."""

    async def read(
        self,
        reads: Reads,
        actor: Actor,
        names: Collection[frozenset[str]],
        columns: frozenset[str] | None = None,  # noqa: ARG002  not of a table
    ) -> Mapping[frozenset[str], list[WrongValues]]:
        """What is found, by one statement."""
        named = frozenset[str]().union(*names)
        if not named:
            return {}
        wanted = await keys.using(reads, actor, named, lambda known: _living(known, named))
        kept, compiler = ("wrong values", actor.eyes), reads.compiler
        compiled = reads.kept.get(kept, lambda: compiler.compiled(_statement(actor)))
        arguments = compiled.arguments({"numbers": list(wanted)})
        rows = await reads.fetch(actor.scope, compiled.sql, arguments)
        found = [
            _wrong(wanted[number], list(some)) for number, some in groupby(rows, itemgetter(0))
        ]
        return {one: [each for each in found if each.key.name in one] for one in names}


def _living(known: Keys, names: Collection[str]) -> dict[int, Key]:
    found = (known.by_name.get(name) for name in names)
    return {key.number: key for key in found if key is not None}


def _wrong(key: Key, rows: Sequence[Row]) -> WrongValues:
    count = rows[0]["count"]
    return WrongValues(key, min(count, MOST_ERRORS), count <= MOST_ERRORS, rows)


def _statement(actor: Actor) -> Select[Any]:
    listed = func.unnest(bindparam("numbers", None, type_=ARRAY(Integer)), type_=Integer)
    given = listed.table_valued("number").render_derived(name="given")
    file_id, frame = col(FileTypeError.file_id), col(FileTypeError.frame)
    files = _wrong_values(actor, given.c.number, file_id).distinct().limit(MOST_ERRORS + 1)
    counted = (
        select(given.c.number, func.count().label("count"))
        .select_from(given.join(files.lateral("files"), true()))
        .group_by(given.c.number)
        .subquery("counted")
    )
    values = _wrong_values(actor, counted.c.number, file_id, frame, col(FileTypeError.found))
    sample = values.order_by(file_id, frame).limit(SAMPLE).lateral("sample")
    return (
        select(*counted.c, *sample.c)
        .select_from(counted.join(sample, true()))
        .order_by(counted.c.number, sample.c.file_id, sample.c.frame)
    )


def _wrong_values(actor: Actor, number: Any, *columns: Any) -> Select[Any]:
    """Those of one key, in the files that the actor may see."""
    return (
        select(*columns)
        .where(col(FileTypeError.organisation_id) == actor.organisation_id)
        .where(col(FileTypeError.key_number) == number)
        .where(col(FileTypeError.file_id).in_(_seen(actor)))
    )


def _seen(actor: Actor) -> Select[Any]:
    return access.visible_files(actor).with_only_columns(col(File.id))
