"""Every operator of the filter language at several selectivities: pages of 50 through GraphQL, beside SQL by hand.

The SQL is what a person would write for this one question and these indexes: the same predicate with the same
access, on a connection of the same kind, planned for its values; `coalesce` keeps PostgreSQL from beginning with
the folders, of which the person sees all. It is given 1.5 times and a millisecond.
"""

import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from app.core import runtime as runtimes
from app.core.reads import CUSTOM
from app.core.runtime import Runtime
from benchmarks import contest, field, wire
from benchmarks.contest import FLOOR, OURS
from benchmarks.corpus import Tenant
from benchmarks.field import Place
from benchmarks.measure import Row, turns
from benchmarks.wire import Line

SIZE, ROUNDS, REQUESTS = 50, 5, 15
SLACK_MS, FACTOR = 1.0, 1.5
SLOWEST_MS = 25.0

PAGE = """
query Page($filter: FileFilter, $sort: [FileSort!]) {
  files(first: 50, filter: $filter, sort: $sort, includeOrganisationAccess: false) {
    nodes { id name createdAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""

_ACCESS = """
select f.id, f.name, f.created_at from file f
where f.organisation_id = $1 and not f.is_component and coalesce(f.folder_id in (
    select a.folder_id
    from folder_ancestor a
    join folder_grant g on g.organisation_id = a.organisation_id and g.folder_id = a.ancestor_id
    where a.organisation_id = $1 and g.organisation_id = $1 and (g.user_id = $2 or g.group_id in (
        select group_id from group_member where organisation_id = $1 and user_id = $2))), false)
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A question in both languages. `where` may name keys as {rare}; `order` is by id unless it says otherwise."""

    name: str
    filter: dict[str, Any]
    where: str
    order: str = "f.id"
    sort: Sequence[dict[str, Any]] = ()


def _number(key: str, **tests: float) -> dict[str, Any]:
    return {"metadata": [{"key": key, "is": {"number": tests}}]}


def _text(key: str, **tests: Any) -> dict[str, Any]:
    return {"metadata": [{"key": key, "is": {"text": tests}}]}


def num(key: str) -> str:
    """The value of a number as SQL."""
    return "md_num_v1(f.attrs,'k{" + key + "}')"


def txt(key: str) -> str:
    """The value of a text, an option or a UUID as SQL."""
    return "(md_txt_v1(f.attrs,'k{" + key + '}\') COLLATE "C")'


_AND3 = {
    "metadata": [
        {"key": "choice", "is": {"text": {"eq": "a"}}},
        {"key": "flag", "is": {"flag": True}},
        {"key": "score", "is": {"number": {"lt": 0.1}}},
    ]
}
_FLAG = "md_bool_v1(f.attrs,'k{flag}')"
_BY_SCORE = [{"by": {"metadataKey": "score"}, "direction": "ASC"}]
_SCORED = f"{num('score')} is not null"
"""So in every file; only so PostgreSQL takes the index of the key."""
_OF_SCORE = f"{num('score')}, f.id"

BEGIN, END = "2023-11-14T22:13:20Z", "2023-12-21T09:13:20Z"
"""The first tenth of the instants there are."""


_NAME, _CODE = 'f.name collate "default"', "(md_txt_v1(f.attrs,'k{code}') collate \"default\")"
_DAY, _LATER = "2026-01-01T00:00:00Z", "2026-01-01T02:30:00Z"


def _missing(key: str) -> dict[str, Any]:
    return {"metadata": [{"key": key, "is": {"exists": False}}]}


def _range(name: str, low: float, high: float) -> Case:
    where = f"{num('score')} >= {low} and {num('score')} < {high}"
    return Case(f"range {name}", _number("score", gte=low, lt=high), where)


CASES = (
    Case("eq 0.01 %", _number("rare", eq=77), f"{num('rare')} = 77"),
    Case("eq 1 %", _number("common", eq=7), f"{num('common')} = 7"),
    Case("eq 20 %", _text("choice", eq="c"), f"{txt('choice')} = 'c'"),
    Case("eq 80 %", _text("mostly", eq="a"), f"{txt('mostly')} = 'a'"),
    Case("in 40 %", _text("choice", **{"in": ["b", "c"]}), f"{txt('choice')} in ('b','c')"),
    Case("ne 80 %", _text("choice", ne="c"), f"({txt('choice')} = 'c') is not true"),
    _range("0.01 %", 0.3, 0.3001),
    _range("1 %", 0.3, 0.31),
    _range("20 %", 0.3, 0.5),
    _range("80 %", 0.1, 0.9),
    Case(
        "instants 10 %",
        {"metadata": [{"key": "at", "is": {"instant": {"gte": BEGIN, "lt": END}}}]},
        f"{num('at')} >= 1.7e15 and {num('at')} < 1.70315e15",
    ),
    Case("flag 50 %", {"metadata": [{"key": "flag", "is": {"flag": True}}]}, _FLAG),
    Case("and of three 1 %", _AND3, f"{txt('choice')} = 'a' and {_FLAG} and {num('score')} < 0.1"),
    Case(
        "or of two 2 %",
        {"or": [_number("common", eq=7), _number("score", lt=0.01)]},
        f"({num('common')} = 7 or {num('score')} < 0.01)",
    ),
    Case("not 99 %", {"not": _number("common", eq=7)}, f"({num('common')} = 7) is not true"),
    Case(
        "exists 1 %",
        {"metadata": [{"key": "sparse", "is": {"exists": True}}]},
        f"{num('sparse')} is not null",
    ),
    Case(
        "exists 20 %",
        {"metadata": [{"key": "ref", "is": {"exists": True}}]},
        f"{txt('ref')} is not null",
    ),
    Case("prefix 0.02 %", _text("code", startsWith="abc"), f"{txt('code')} >= 'abc' and {txt('code')} < 'abd'"),
    Case(
        "name prefix 0.004 %",
        {"name": {"startsWith": "camera 3/abc"}},
        "f.name >= 'camera 3/abc' and f.name < 'camera 3/abd'",
    ),
    Case("name part 0.7 %", {"name": {"contains": "abc"}}, f"{_NAME} ~~~ '%abc%'"),
    Case("name part 0.003 %", {"name": {"contains": "abcde"}}, f"{_NAME} ~~~ '%abcde%'"),
    Case("key part 0.04 %", _text("code", contains="abcd"), f"{_CODE} ~~~ '%abcd%'"),
    Case("missing 99 %", _missing("sparse"), f"{num('sparse')} is null"),
    Case("missing 80 %", _missing("ref"), f"{txt('ref')} is null"),
    Case("missing nowhere", _missing("choice"), f"{txt('choice')} is null"),
    Case(
        "created 1 %",
        {"createdAt": {"gte": _DAY, "lt": _LATER}},
        f"f.created_at >= '{_DAY}' and f.created_at < '{_LATER}'",
    ),
    Case(
        "words, a common one",
        {"metadata": [{"key": "words", "is": {"words": "w12"}}]},
        "f.id in (select t.file_id from file_text t where t.organisation_id = $1 and t.key_number = {words}"
        " and t.document @@ 'w12'::tsquery)",
    ),
    Case("sort by a key", {}, _SCORED, _OF_SCORE, _BY_SCORE),
    Case(
        "sort by a key, eq 1 %",
        _number("common", eq=7),
        f"{num('common')} = 7 and {_SCORED}",
        _OF_SCORE,
        _BY_SCORE,
    ),
    Case(
        "sort by a key, eq 20 %",
        _text("choice", eq="c"),
        f"{txt('choice')} = 'c' and {_SCORED}",
        _OF_SCORE,
        _BY_SCORE,
    ),
    Case("sort by name", {}, "true", "f.name, f.id", [{"by": {"field": "NAME"}}]),
)  # fmt: skip


async def rows(place: Place, tenants: Sequence[Tenant]) -> list[Row]:
    """Each case in the largest organisation; then how the cost grows from the smallest to the largest."""
    async with (
        field.servers(place, [OURS]) as servers,
        runtimes.opened(place.settings) as runtime,
    ):
        line = await Line.opened(servers[OURS].port)
        large, small = tenants[0], tenants[-1]
        found = [await _beside_sql(runtime, line, large, case) for case in CASES]
        fresh = await _with_other_values(runtime, line, large)
        return [*found, fresh, await _growth(line, small, large)]


async def _beside_sql(runtime: Runtime, line: Line, tenant: Tenant, case: Case) -> Row:
    request = _request(tenant, case)
    sql = f"{_ACCESS} and {case.where.format(**tenant.numbers)} order by {case.order.format(**tenant.numbers)}"
    arguments = [tenant.actor.organisation_id, tenant.actor.user_id]

    async def ours() -> float:
        return await _median(lambda: line.ask(request))

    async def by_hand() -> float:
        text = f"{sql} limit {SIZE + 1}"
        ask = lambda: runtime.reads.fetch(tenant.actor.scope, text, arguments, plans=CUSTOM)  # noqa: E731
        return await _median(ask)

    for _ in range(3):
        await _agreed(runtime, line, request, sql, tenant, arguments)
    return _row(case.name, *await turns(ROUNDS, ours, by_hand))


async def _with_other_values(runtime: Runtime, line: Line, tenant: Tenant) -> Row:
    """A question that nobody has asked before each time, as people type them; the SQL has a parameter for it."""
    values = itertools.count(1_000)
    key = num("rare").format(**tenant.numbers)
    text = f"{_ACCESS} and {key} = $3 order by f.id limit {SIZE + 1}"
    who = tenant.actor.organisation_id, tenant.actor.user_id

    async def ours() -> float:
        cases = [Case("", _number("rare", eq=next(values)), "") for _ in range(REQUESTS)]
        requests = iter([_request(tenant, case) for case in cases])
        return await _median(lambda: line.ask(next(requests)))

    async def by_hand() -> float:
        scope = tenant.actor.scope
        return await _median(
            lambda: runtime.reads.fetch(scope, text, [*who, float(next(values))], plans=CUSTOM)
        )

    for warming in (ours, by_hand):
        await warming()
    return _row("eq 0.01 %, another value each time", *await turns(ROUNDS, ours, by_hand))


def _row(name: str, mine: list[float], hand: list[float]) -> Row:
    allowed = [FACTOR * one + SLACK_MS for one in hand]
    fastest = "1.5 x SQL by hand + 1 ms"
    return contest.row(
        f"filter: {name}",
        {OURS: mine, FLOOR: allowed, "SQL by hand": hand},
        unit="ms",
        floor_is=fastest,
        bounds={FLOOR: 1.0},
        aim=f"<= 1 of {fastest}; p50 <= {SLOWEST_MS:g} ms",
    )


async def _agreed(
    runtime: Runtime, line: Line, request: bytes, sql: str, tenant: Tenant, arguments: list[Any]
) -> None:
    """Both give the same files, or the comparison is worth nothing."""
    answer = orjson.loads(await line.ask(request))
    assert "errors" not in answer, answer["errors"]
    text = f"{sql} limit {SIZE}"
    hand = await runtime.reads.fetch(tenant.actor.scope, text, arguments, plans=CUSTOM)
    mine = [node["id"] for node in answer["data"]["files"]["nodes"]]
    assert mine == [f"file_{row['id'].hex}" for row in hand], (mine[:2], hand[:2])


async def _growth(line: Line, small: Tenant, large: Tenant) -> Row:
    """The median over all cases of what a page costs in the large organisation against the small one."""
    figures: dict[str, list[float]] = {OURS: [], FLOOR: []}
    for case in CASES:
        few, many = _request(small, case), _request(large, case)
        for request in (few, many):
            await line.ask(request)
        mine, floor = await turns(
            3,
            partial(_median, partial(line.ask, many)),
            partial(_median, partial(line.ask, few)),
        )
        figures[OURS].append(statistics.median(mine))
        figures[FLOOR].append(statistics.median(floor))
    return contest.row(
        f"filter: growth from {small.size:,} to {large.size:,} files, median of all",
        figures,
        unit="ms",
        floor_is=f"ours with {small.size:,} files",
        bounds={FLOOR: 1.3},
    )


def _request(tenant: Tenant, case: Case) -> bytes:
    variables = {"filter": case.filter, "sort": list(case.sort)}
    asked = {"query": PAGE, "operationName": "Page", "variables": variables}
    return wire.post("/graphql", asked, {"Authorization": f"Bearer {tenant.token}"})


async def _median(ask: Any) -> float:
    times = []
    for _ in range(REQUESTS):
        begin = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)
