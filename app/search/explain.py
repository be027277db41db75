"""Says why a search takes as long as it does: what the database does for its first page, in words for people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import asyncpg
import orjson
from sqlalchemy import text

from app.accounts.actor import Actor
from app.core import paging
from app.core.compiled import Compiler
from app.core.db import Database, Scope
from app.core.paging import Listing, Page
from app.core.reads import AUTO, Reads
from app.files.models import File
from app.search import keys as known_keys
from app.search import listings, plans
from app.search.filters import FileFilter
from app.search.indexes import COLUMN_MARKS, COLUMNS, NAME_TRIGRAMS
from app.search.keys import Keys
from app.search.models import IndexState
from app.search.plans import Plan
from app.search.sentences import Situation, sentences
from app.search.sorts import Sort

TIMEOUT_MS = 2_000
LONGEST_PLANNING_MS = 5_000

_SET = text(
    "select set_config('statement_timeout', :timeout, true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true)"
)
_PARENTS = text(
    "select c.relname as name, coalesce(p.relname, c.relname) as parent from pg_class c"
    " left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = i.inhparent"
    " where c.relname = any(:names) and c.relkind in ('i', 'I')"
)
_STATES = text(
    "select key_number, state, done_count, total_count from metadata_index"
    " where organisation_id = :organisation_id and key_number = any(:numbers)"
)
_OWN_INDEX = re.compile(r"file_(?P<kind>[kcnmt])(?P<number>\d+)_")
_OWN = text("select count(*) from file where organisation_id = :organisation_id")

USES = {
    "file_pkey": "files by id",
    "file_organisation_id_name_id_index": "names",
    "file_organisation_id_folder_id_id_index": "folders",
    "file_organisation_id_folder_id_name_id_index": "folders",
    "file_name_trigrams": "parts of names",
    "file_text_words": "words",
    "file_text_pkey": "words",
    "collection_file_pkey": "collections",
    "collection_file_organisation_id_file_id_index": "collections",
    "folder_ancestor_organisation_id_ancestor_id_folder_id_index": "folders below folders",
}
"""What indexes that are not a key's own are good for, by their names in the database."""


@dataclass(frozen=True, slots=True)
class UsedIndex:
    """An index that leads to the files: of a metadata key, or of what `use` says."""

    use: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the first page of a search is found. Figures of a run are None if it took too long."""

    plan: Plan
    indexes: Sequence[UsedIndex]
    sentences: Sequence[str]


@dataclass(slots=True)
class _Overheard:
    """Stands in for the reader of a page, and keeps the statement instead of running it."""

    sql: str = ""
    arguments: Sequence[Any] = field(default_factory=list)
    compiler: Compiler = field(default_factory=lambda: Compiler(1))

    async def fetch(
        self, _: Scope, sql: str, arguments: Sequence[Any] = (), *, plans: str = AUTO
    ) -> list[Any]:
        """No rows."""
        del plans
        if not self.sql:  # what follows is asked for only where the first rows are too few
            self.sql, self.arguments = sql, arguments
        return []


async def explained(
    db: Database,
    reads: Reads,
    actor: Actor,
    tree: FileFilter,
    sort: Sort,
    *,
    whole_organisation: bool = False,
    threshold: int,
) -> Explanation:
    """Run the search's first page and look at how. Raises what the search itself would raise."""
    listing = await listings.found(reads, actor, tree, sort, whole_organisation=whole_organisation)
    plan = await planned(db, actor, listing)
    names = listings.keys_of(tree, sort)
    keys = await known_keys.using(reads, actor, names, lambda keys: keys)
    async with db.read(actor.scope) as session:
        of = {"organisation_id": actor.organisation_id}
        if plan.is_whole_table and plan.looked_at is not None:
            # a shared partition was read from end to end: only the tenant's own files are their business
            own = (await session.execute(_OWN, of)).scalar_one()
            plan = replace(plan, looked_at=min(plan.looked_at, own))
        found = await session.execute(_PARENTS, {"names": list(plan.indexes)})
        parents = {row.name: row.parent for row in found}
        numbers = [keys.by_name[name].number for name in names]
        rows = await session.execute(_STATES, {**of, "numbers": numbers})
        states = {row.key_number: row for row in rows}
    used = _used(plan.indexes, parents, keys)
    situation = Situation(plan, [one.key or one.use for one in used], tree, keys, threshold)
    told = sentences(situation, {name: _state(keys, name, states) for name in sorted(names)})
    return Explanation(plan, used, told)


async def planned(db: Database, actor: Actor, listing: Listing[File]) -> Plan:
    """The plan of a listing's first page, run if that takes no longer than two seconds."""
    overheard = _Overheard()
    await paging.fetch(cast("Reads", overheard), actor.scope, listing, Page())
    try:
        return await _explain(db, actor, overheard, "analyze, timing off, ", TIMEOUT_MS)
    except asyncpg.QueryCanceledError:
        return await _explain(db, actor, overheard, "", LONGEST_PLANNING_MS)


async def _explain(
    db: Database, actor: Actor, statement: _Overheard, options: str, timeout_ms: int
) -> Plan:
    async with db.read(actor.scope) as session:
        await session.execute(_SET, {"timeout": str(timeout_ms)})
        driver = await session.driver()
        sql = f"explain ({options}costs on, format json) {statement.sql}"
        found = await driver.fetchval(sql, *statement.arguments)
    return plans.read(orjson.loads(found) if isinstance(found, str | bytes) else found)


def _used(names: Sequence[str], parents: Mapping[str, str], keys: Keys) -> list[UsedIndex]:
    """Those of the indexes that people know of, each once."""
    by_number = {key.number: key.name for key in keys.by_name.values()}
    found = dict[UsedIndex, None]()
    for name in names:
        own = _OWN_INDEX.match(name)
        if own is not None and own["kind"] in COLUMN_MARKS:
            found[UsedIndex(COLUMNS[-int(own["number"])])] = None
        elif own is not None and int(own["number"]) in by_number:
            found[UsedIndex("metadata", by_number[int(own["number"])])] = None
        elif name.endswith(NAME_TRIGRAMS):
            found[UsedIndex("parts of names")] = None
        elif (use := USES.get(parents.get(name, name))) is not None:
            found[UsedIndex(use)] = None
    return list(found)


def _state(keys: Keys, name: str, states: Mapping[int, Any]) -> tuple[IndexState, float | None]:
    """Where the index of a key stands, and how much of its present step is done, 0 to 1."""
    row = states.get(keys.by_name[name].number)
    if row is None:
        return IndexState.NONE, None
    share = row.done_count / row.total_count if row.total_count else None
    return IndexState(row.state), share
