"""What a search says about itself, in sentences."""

from typing import Any

import pytest

from app.core.db import Scope
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.search import explain, indexing
from app.search.models import IndexState, MetadataIndex
from tests.app.search.filling import fill, with_threshold
from tests.client import Api
from tests.world import Person, World

FILES = 1_200
ADD = """mutation ($key: String!) {
  addMetadataScalar(input: {key: $key, type: NUMBER}) { userErrors { message } } }"""
EXPLAIN = """query ($filter: FileFilter, $sort: [FileSort!]) {
  explainFilter(filter: $filter, sort: $sort, includeOrganisationAccess: true) { strategy indexes { use key }
    estimatedCount lookedAtCount foundCount milliseconds sentences } }"""


@pytest.fixture
async def person(api: Api, world: World, settings: Settings) -> Person:
    """Somebody with many files, and a neighbour with more."""
    assert api.person is not None
    neighbour = await world.organisation()
    attrs = "jsonb_build_object('k1', g, 'k2', g % 7)"
    fill(settings, api.person, await world.folder(api.person), FILES, attrs=attrs)
    fill(settings, neighbour, await world.folder(neighbour), FILES + 200, attrs=attrs)
    await api.change(ADD, key="score")
    await api.change(ADD, key="weekday")
    return api.person


async def explained(api: Api, tree: Any = None, sort: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = (await api(EXPLAIN, filter=tree, sort=sort))["explainFilter"]
    return found


def number(key: str, **test: float) -> dict[str, Any]:
    return {"metadata": [{"key": key, "is": {"number": test}}]}


async def test_a_key_s_index_is_named(api: Api, runtime: Runtime, person: Person) -> None:
    await indexing.build(with_threshold(runtime, FILES), person.organisation_id.hex)
    found = await explained(api, number("score", eq=77))
    assert found["indexes"][0] == {"use": "metadata", "key": "score"}
    assert found["strategy"] in {"INDEX", "BITMAP"}
    assert (found["foundCount"], found["lookedAtCount"]) == (1, 1)
    assert 0 < found["milliseconds"] < 2_000
    assert "`score`" in found["sentences"][0]


@pytest.mark.usefixtures("person")
async def test_a_key_without_an_index_is_told_and_only_one_s_own_files_are_counted(
    api: Api,
) -> None:
    found = await explained(api, number("score", gt=FILES - 1))
    assert found["foundCount"] == 1
    assert found["lookedAtCount"] <= FILES
    told = " ".join(found["sentences"])
    assert "There is no index on `score`" in told
    assert "1,200 files were looked at to find 1" in told


async def test_a_build_under_way_says_how_far_it_is(
    api: Api, runtime: Runtime, person: Person
) -> None:
    async with runtime.db.transaction(Scope(person.organisation_id)) as tx:
        tx.add(
            MetadataIndex(
                organisation_id=person.organisation_id,
                key_number=1,
                name="of a test",
                state=IndexState.BUILDING,
                done_count=40,
                total_count=100,
            )
        )
    found = await explained(api, number("score", eq=5))
    assert "There is no index on `score` yet: BUILDING 40%." in found["sentences"]


@pytest.mark.usefixtures("person")
async def test_a_scan_in_order_and_an_empty_one_are_told(api: Api) -> None:
    everything = await explained(api)
    assert everything["strategy"] in {"ORDERED_SCAN", "FULL_SCAN"}
    nothing = await explained(api, {"or": []})
    assert nothing["strategy"] == "EMPTY"
    assert nothing["sentences"] == ["Nothing can fit, so no file is looked at."]


@pytest.mark.usefixtures("person")
async def test_short_parts_of_names_are_told(api: Api) -> None:
    found = await explained(api, {"name": {"contains": "zq"}})
    assert any(one.startswith("`zq` is too short") for one in found["sentences"])


@pytest.mark.usefixtures("person")
async def test_what_takes_too_long_is_estimated(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "TIMEOUT_MS", 1)
    many = [{"name": {"contains": f"zq{number}"}} for number in range(95)]
    found = await explained(api, {"or": many})
    assert (found["lookedAtCount"], found["milliseconds"]) == (None, None)
    assert any("stopped" in one for one in found["sentences"])


@pytest.mark.usefixtures("person")
async def test_faults_of_the_filter_are_those_of_the_search(api: Api) -> None:
    (error,) = await api.errors(EXPLAIN, filter=number("scor", eq=1))
    assert "Perhaps you mean `score`" in error["message"]


@pytest.mark.usefixtures("person")
async def test_nothing_of_the_database_is_shown(api: Api) -> None:
    found = repr(await explained(api, number("score", eq=77)))
    for secret in ("file_part", "organisation", "md_num", "SELECT", "select "):
        assert secret not in found


OF_TYPE = """mutation ($key: String!, $type: MetadataScalarType!) {
  addMetadataScalar(input: {key: $key, type: $type}) { userErrors { message } } }"""


async def test_what_no_index_serves_is_told(api: Api, person: Person) -> None:
    assert person
    for key in ("varchar", "uuid", "text"):
        await api.change(OF_TYPE, key=key, type=key.upper())
    many = [f"text {number}" for number in range(21)]

    def key(name: str, **test: Any) -> dict[str, Any]:
        return {"metadata": [{"key": name, "is": test}]}

    for tree, expected in [
        (
            key("varchar", text={"contains": "ab"}),
            "`ab` is too short for the index of parts of `varchar`",
        ),
        (key("varchar", text={"in": many, "ignoreCase": True}), "up to 20 texts; this one has 21"),
        (key("uuid", text={"contains": "abc"}), "Parts of UUIDs have no index"),
        (key("text", exists=False), "No index knows which files lack a text such as `text`"),
        ({"mimeType": {"contains": "png"}}, "Parts of media types"),
        ({"not": key("weekday", number={"lt": 7})}, "No index leads to what something is not"),
    ]:
        told = (await explained(api, tree))["sentences"]
        assert any(expected in one for one in told), told
    fine = await explained(api, key("varchar", text={"contains": "abc"}))
    assert not any("too short" in one or "No index" in one for one in fine["sentences"])


async def test_the_index_of_files_without_a_value_is_the_key_s(
    api: Api, runtime: Runtime, person: Person
) -> None:
    await indexing.build(with_threshold(runtime, FILES), person.organisation_id.hex)
    found = await explained(api, {"metadata": [{"key": "score", "is": {"exists": False}}]})
    assert found["indexes"] == [{"use": "metadata", "key": "score"}]
    assert (found["strategy"], found["lookedAtCount"]) == ("INDEX", 0)
