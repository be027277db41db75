"""Facets of a search against counts that are made by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core import ids
from app.core.ids import Kind
from app.core.settings import Settings
from app.files.models import FileType, Folder
from app.metadata import service
from app.metadata.kinds import ScalarKind
from app.search import facets as limits
from tests.app.search.filling import fill
from tests.client import Api
from tests.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)
DOCUMENTS: list[dict[str, Any]] = [
    {
        "score": n / 10,
        "weather": ["rain", "sun", "snow"][n % 3],
        "ready": n % 4 == 0,
        "site": f"site {n % 2}",
        "taken": (START + timedelta(hours=n)).isoformat(),
    }
    for n in range(20)
] + [{"score": "many"}, {}]

FACETS = """query ($filter: FileFilter, $keys: [String!], $fields: [FileFacetField!], $buckets: Int! = 20) {
  files(filter: $filter, first: 1) { facets(keys: $keys, fields: $fields, buckets: $buckets) { items {
    key field values { value count } otherCount missingCount isExact
    buckets { lower upper lowerAt upperAt count } } } } }"""


@pytest.fixture
async def folder(api: Api, world: World) -> Folder:
    assert api.person is not None
    async with world.runtime.db.transaction(api.person.actor.scope) as tx:
        for key, kind in (
            ("score", ScalarKind.NUMBER),
            ("ready", ScalarKind.BOOLEAN),
            ("site", ScalarKind.VARCHAR),
            ("taken", ScalarKind.DATETIME),
            ("notes", ScalarKind.TEXT),
        ):
            await service.add_scalar(tx, api.person.actor, key=key, kind=kind)
        options = ["rain", "sun", "snow"]
        await service.add_enum(tx, api.person.actor, key="weather", options=options)
    folder = await world.folder(api.person)
    for document in DOCUMENTS:
        await world.file(api.person, folder, metadata=document)
    return folder


async def facets(api: Api, **variables: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api(FACETS, **variables))["files"]["facets"]["items"]
    return found


def counted(facet: dict[str, Any]) -> dict[str, int]:
    return {one["value"]: one["count"] for one in facet["values"]}


@pytest.mark.usefixtures("folder")
async def test_values_are_counted_the_most_frequent_first(api: Api) -> None:
    weather, ready, site = await facets(api, keys=["weather", "ready", "site"])
    assert counted(weather) == Counter(d["weather"] for d in DOCUMENTS if "weather" in d)
    assert [one["count"] for one in weather["values"]] == [7, 7, 6]
    assert counted(ready) == {"false": 15, "true": 5}
    assert counted(site) == {"site 0": 10, "site 1": 10}
    assert [one["missingCount"] for one in (weather, ready, site)] == [2, 2, 2]
    assert [one["otherCount"] for one in (weather, ready, site)] == [0, 0, 0]
    assert weather["isExact"]
    assert weather["buckets"] is None


@pytest.mark.usefixtures("folder")
async def test_numbers_and_instants_give_a_histogram(api: Api) -> None:
    score, taken = await facets(api, keys=["score", "taken"], buckets=4)
    assert [one["count"] for one in score["buckets"]] == [5, 5, 5, 5]
    assert (score["buckets"][0]["lower"], score["buckets"][-1]["upper"]) == (0.0, 1.9)
    assert (score["values"], score["missingCount"]) == (None, 2)
    assert sum(one["count"] for one in taken["buckets"]) == 20
    assert taken["buckets"][0]["lowerAt"] == "2026-01-01T00:00:00Z"
    assert taken["buckets"][-1]["upperAt"] == "2026-01-01T19:00:00Z"
    assert taken["buckets"][0]["lower"] is None


@pytest.mark.usefixtures("folder")
async def test_facets_are_of_what_the_filter_leaves(api: Api) -> None:
    sunny = {"metadata": [{"key": "weather", "is": {"text": {"eq": "sun"}}}]}
    score, weather = await facets(api, keys=["score", "weather"], filter=sunny, buckets=2)
    kept = [d["score"] for d in DOCUMENTS if d.get("weather") == "sun"]
    assert (score["buckets"][0]["lower"], score["buckets"][-1]["upper"]) == (min(kept), max(kept))
    assert counted(weather) == {"sun": len(kept)}


@pytest.mark.usefixtures("folder")
async def test_one_value_and_none_have_one_bucket_and_none(api: Api) -> None:
    one = {"metadata": [{"key": "score", "is": {"number": {"eq": 0.5}}}]}
    none = {"metadata": [{"key": "score", "is": {"exists": False}}]}
    (single,) = await facets(api, keys=["score"], filter=one)
    assert [(b["lower"], b["upper"], b["count"]) for b in single["buckets"]] == [(0.5, 0.5, 1)]
    (nothing,) = await facets(api, keys=["score"], filter=none)
    assert (nothing["buckets"], nothing["missingCount"]) == ([], 2)


async def test_fields_of_files_are_counted(api: Api, world: World, folder: Folder) -> None:
    assert api.person is not None
    other = await world.folder(api.person)
    await world.file(api.person, other, type=FileType.PDF)
    kinds, places, stores = await facets(api, fields=["TYPE", "FOLDER", "STORAGE_LOCATION"])
    assert counted(kinds) == {"IMAGE": 22, "PDF": 1}
    names = [ids.encode(Kind.FOLDER, one.id) for one in (folder, other)]
    assert counted(places) == dict(zip(names, (22, 1), strict=True))
    assert counted(stores) == {"OWN": 23}
    assert (kinds["key"], kinds["field"]) == (None, "TYPE")


async def test_the_hundred_most_frequent_values_are_told_and_how_many_others(
    api: Api, folder: Folder, settings: Settings
) -> None:
    assert api.person is not None
    attrs = "jsonb_build_object('k3', lpad((g % 150)::text, 3, '0'))"
    fill(settings, api.person, folder, 300, attrs=attrs)
    (site,) = await facets(api, keys=["site"])
    assert len(site["values"]) == 100
    assert list(counted(site))[:3] == ["site 0", "site 1", "000"]
    assert site["otherCount"] == 320 - sum(one["count"] for one in site["values"])


@pytest.mark.usefixtures("folder")
async def test_too_many_files_are_not_all_looked_at(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_FILES", 10)
    (kinds,) = await facets(api, fields=["TYPE"])
    assert not kinds["isExact"]
    assert kinds["values"][0]["count"] <= 11


@pytest.mark.usefixtures("folder")
async def test_others_see_facets_of_their_own_files_alone(api: Api, world: World) -> None:
    assert api.person is not None
    nobody = await world.member(api.person)
    (weather,) = await facets(api.as_(nobody), keys=["weather"])
    assert (weather["values"], weather["missingCount"]) == ([], 0)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"keys": ["wether"]}, "`wether` is no metadata key. Perhaps you mean `weather`"),
        ({"keys": ["notes"]}, "`notes` is of type TEXT: its values cannot be counted"),
        ({"keys": [f"key {n}" for n in range(11)]}, "11 facets; at most 10"),
        ({"keys": ["score"], "buckets": 101}, "buckets is 101"),
    ],
)
async def test_what_cannot_be_counted_is_refused(
    api: Api, asked: dict[str, Any], message: str
) -> None:
    (error, *_) = await api.errors(FACETS, **asked)
    assert message in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.usefixtures("folder")
async def test_facets_of_two_lists_do_not_mix(api: Api) -> None:
    document = """{ all: files { facets(keys: ["weather"]) { ...F } }
      sun: files(filter: {metadata: [{key: "weather", is: {text: {eq: "sun"}}}]}) {
        facets(keys: ["weather"]) { ...F } } }
      fragment F on FileFacets { items { values { value } } }"""
    found = await api(document)
    assert len(found["all"]["facets"]["items"][0]["values"]) == 3
    assert len(found["sun"]["facets"]["items"][0]["values"]) == 1
