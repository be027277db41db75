"""graphql-ws, as browsers and scripts use it, against the running server."""

from starlette.applications import Starlette

from tests.client import Api
from tests.conftest import listening
from tests.node.tool import Tool
from tests.protocol.conftest import Clients, statuses

CANCEL = """
mutation ($id: ID!) { cancelUploadJob(input: { id: $id }) { userErrors { code message field } } }
"""


async def test_a_query_a_mutation_and_a_subscription_share_one_socket(
    clients: Clients, job: str
) -> None:
    told = await clients("graphql-ws", "oneSocket", jobId=job)
    assert told["me"]["data"]["me"]["id"].startswith("usr_")
    assert told["tag"]["data"]["createTag"]["tag"] == {"name": "urgent"}
    assert statuses(told["events"]) == ["PENDING", "CANCELLED"]
    assert told["log"] == ["opened", "connected"]


async def test_mistakes_are_errors_of_their_own_and_leave_the_socket_and_its_siblings_alone(
    clients: Clients, job: str
) -> None:
    told = await clients("graphql-ws", "mistakes", jobId=job)
    assert [errors[0]["extensions"]["code"] for errors in told["errors"]] == [
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "OPERATION_RESOLUTION_FAILED",
        "BAD_USER_INPUT",
    ]
    assert statuses(told["events"]) == ["PENDING", "CANCELLED"]
    assert told["log"] == ["opened", "connected"]


async def test_a_lazy_client_opens_and_closes_with_its_only_operation(clients: Clients) -> None:
    told = await clients("graphql-ws", "lazy")
    assert told == {"before": [], "log": ["opened", "connected", "closed"]}


async def test_pings_are_answered(clients: Clients) -> None:
    assert await clients("graphql-ws", "pings") == {"pongs": 3}


async def test_a_wrong_token_closes_the_socket_with_4403(clients: Clients) -> None:
    assert await clients("graphql-ws", "refusedCredentials") == {"code": 4403}


async def test_after_a_restart_of_the_server_a_client_goes_on_from_its_cursor(
    app: Starlette, scripts: Tool, api: Api, job: str
) -> None:
    """The state that it has seen does not come again, although it subscribes anew."""
    assert api.person is not None
    async with listening(app) as server:
        clients = Clients(scripts, {"server": server, "token": api.person.token})
    port = int(server.rpartition(":")[2])
    async with clients.talking("graphql-ws", "resume", jobId=job) as talk:
        async with listening(app, port):
            assert [await talk.next() for _ in range(2)] == ["connected", "PENDING"]
        async with listening(app, port):
            assert await talk.next() == "connected"
            await api.change(CANCEL, id=job)
            assert [await talk.next() for _ in range(2)] == ["CANCELLED", "complete"]
            assert await talk.ended() == 0
