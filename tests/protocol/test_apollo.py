"""Apollo Client against the running server."""

import pytest

from tests.protocol.conftest import Clients, names, statuses
from tests.schema.registering import Desk

CATS_AND_DOGS = ["cat.png", "dog.png"]


async def test_a_query_fills_its_cache(clients: Clients, desk: Desk) -> None:
    told = await clients("apollo", "query", folderId=desk.folder_id)
    assert names(told["data"]) == CATS_AND_DOGS


async def test_a_mutation_changes(clients: Clients, job: str) -> None:
    told = await clients("apollo", "mutation", jobId=job)
    assert told["data"]["cancelUploadJob"]["job"]["status"] == "CANCELLED"


async def test_a_mistake_is_told_in_the_servers_words(clients: Clients) -> None:
    told = await clients("apollo", "mistake")
    assert told["error"].startswith("Cannot query field 'nothing'")


async def test_a_document_is_sent_whole_once_and_then_by_its_hash(
    clients: Clients, desk: Desk
) -> None:
    told = await clients("apollo", "persisted", folderId=desk.folder_id)
    assert names(told["first"]) == names(told["second"]) == CATS_AND_DOGS
    assert [one["hasDocument"] for one in told["seen"]] == [False, True, False]
    assert told["seen"][-1]["method"] == "GET"


@pytest.mark.parametrize("handler", ["Defer20220824Handler", "GraphQL17Alpha9Handler"])
async def test_what_is_deferred_is_shown_after_the_rest(
    clients: Clients, desk: Desk, handler: str
) -> None:
    told = await clients("apollo", "deferred", folderId=desk.folder_id, handler=handler)
    first, last = told["shown"]
    assert (first["dataState"], "summary" in first["data"]["folder"]) == ("streaming", False)
    assert last["data"]["folder"]["summary"]["fileCount"] == 2
    assert [one["type"] for one in told["seen"]] == ["multipart/mixed"]


async def test_a_subscription_goes_over_a_socket_of_graphql_ws(clients: Clients, job: str) -> None:
    told = await clients("apollo", "events", jobId=job)
    assert statuses(told["shown"]) == ["PENDING", "CANCELLED"]
