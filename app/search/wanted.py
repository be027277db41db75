"""Which indexes an organisation should have, by its keys, the number of its files, and what there is already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.db import Session
from app.metadata import queries
from app.search import indexes
from app.search.indexes import DEFAULT_PARTITION, KeyIndex, Purpose

_FILES = text(
    "select count(*) from (select from file where organisation_id = :organisation_id limit :most) f"
)
_PARTITION = text(
    "select inhrelid::regclass::text from pg_inherits where inhparent = 'file'::regclass"
    " and inhrelid = to_regclass(:name)"
)
_HAS_TRIGRAMS = text("select exists (select from pg_opclass where opcname = 'name_trigram_ops')")
"""Not where the migrations did not run as a superuser."""


async def indexes_of(
    session: Session, organisation_id: UUID, threshold: int, present: Mapping[str, Any]
) -> list[KeyIndex]:
    """The indexes that an organisation should have: none below the threshold."""
    found = await session.execute(_FILES, {"organisation_id": organisation_id, "most": threshold})
    if found.scalar_one() < threshold:
        return []
    table = await table_of(session, organisation_id)
    schema = (await queries.stored(session, organisation_id)).schema
    live = [(entry.number, schema.type_of(name)) for name, entry in schema.live().items()]
    compared = [(number, type_) for number, type_ in live if type_ and indexes.has_index(type_)]
    of_values = [
        *(indexes.index_of(organisation_id, number, type_, table) for number, type_ in compared),
        *indexes.of_columns(organisation_id, table).values(),
    ]
    texts = {number for number, type_ in compared if indexes.has_parts(type_)}
    if texts and not (await session.execute(_HAS_TRIGRAMS)).scalar_one():
        texts = set()
    of_parts = [index.also(Purpose.PARTS) for index in of_values if index.number in texts]
    return [*of_values, *of_parts, *_of_missing(of_values, present)]


def _of_missing(of_values: Sequence[KeyIndex], present: Mapping[str, Any]) -> Iterator[KeyIndex]:
    """The indexes of files without a value, for those of values that are worth one."""
    held = {
        index.name: present[index.name].entries
        for index in of_values
        if is_there(present.get(index.name), index)
    }
    for index in of_values:
        one = index.also(Purpose.MISSING)
        if index.may_be_missing and indexes.lacks_one(index, held, is_there=one.name in present):
            yield one


async def table_of(session: Session, organisation_id: UUID) -> str:
    """The partition that holds the files of an organisation."""
    name = indexes.partition_of(organisation_id)
    found = (await session.execute(_PARTITION, {"name": name})).scalar_one_or_none()
    return found or DEFAULT_PARTITION


def is_there(found: Any, index: KeyIndex) -> bool:
    """Whether what the database knows by the name of an index is that one, whole and in its place."""
    return found is not None and found.is_whole and found.table_name == index.table
