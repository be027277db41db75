"""urql against the running server."""

from typing import Any

import pytest

from tests.protocol.conftest import Clients, names, statuses
from tests.schema.registering import Desk

GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"
CATS_AND_DOGS = ["cat.png", "dog.png"]


def went(seen: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """Method, status and media type of each request."""
    return [(one["method"], one["status"], one["type"]) for one in seen]


@pytest.mark.parametrize(
    ("case", "method"), [("query", "POST"), ("queryByGet", "GET"), ("queryBesideStreams", "POST")]
)
async def test_a_query_is_answered_at_once_even_if_the_client_takes_streams_too(
    clients: Clients, desk: Desk, case: str, method: str
) -> None:
    told = await clients("urql", case, folderId=desk.folder_id)
    assert names(told["data"]) == CATS_AND_DOGS
    assert told["data"]["folder"]["files"]["nodes"][0]["byteSize"] == 1 << 40
    assert went(told["seen"]) == [(method, 200, GRAPHQL)]


async def test_a_mistake_is_told_in_the_servers_words(clients: Clients) -> None:
    told = await clients("urql", "mistake")
    assert told["error"].startswith("[GraphQL] Cannot query field 'nothing'")


async def test_a_document_is_sent_whole_once_and_then_by_its_hash(
    clients: Clients, desk: Desk
) -> None:
    told = await clients("urql", "persisted", folderId=desk.folder_id)
    assert names(told["first"]) == names(told["second"]) == CATS_AND_DOGS
    assert [one["hasDocument"] for one in told["seen"]] == [False, True, False]
    assert [one["method"] for one in told["seen"]] == ["GET", "GET", "GET"]


async def test_a_subscription_goes_over_a_socket_of_graphql_ws(clients: Clients, job: str) -> None:
    told = await clients("urql", "socketEvents", jobId=job)
    assert statuses(told["events"]) == ["PENDING", "CANCELLED"]


async def test_a_subscription_goes_over_a_stream_of_its_own(clients: Clients, job: str) -> None:
    told = await clients("urql", "streamedEvents", jobId=job)
    assert statuses(told["events"]) == ["PENDING", "CANCELLED"]
    assert went(told["seen"]) == [("POST", 200, EVENTS), ("POST", 200, GRAPHQL)]
