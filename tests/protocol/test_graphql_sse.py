"""graphql-sse with distinct connections, against the running server."""

from tests.protocol.conftest import Clients, statuses


async def test_a_query_is_a_stream_of_one_event(clients: Clients) -> None:
    (event,) = await clients("graphql-sse", "query")
    assert event["data"]["me"]["id"].startswith("usr_")


async def test_a_mutation_may_be_sent_the_same_way(clients: Clients, job: str) -> None:
    (event,) = await clients("graphql-sse", "mutation", jobId=job)
    assert event["data"]["cancelUploadJob"]["job"]["status"] == "CANCELLED"


async def test_a_document_that_is_not_valid_is_told_in_the_stream(clients: Clients) -> None:
    (event,) = await clients("graphql-sse", "mistake")
    assert event["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in event


async def test_a_subscription_ends_with_its_job(clients: Clients, job: str) -> None:
    events = await clients("graphql-sse", "subscription", jobId=job)
    assert statuses(events) == ["PENDING", "CANCELLED"]


async def test_a_stream_is_resumed_from_the_last_event_id(clients: Clients, job: str) -> None:
    told = await clients("graphql-sse", "resume", jobId=job)
    assert told["before"]["event"] == "next"
    assert told["quiet"] == "quiet"
    assert [event["event"] for event in told["after"]] == ["next", "complete"]
    assert '"CANCELLED"' in told["after"][0]["data"]
    assert told["after"][0]["id"] not in ("", told["before"]["id"])
