"""What operations leave in the log: what an operator should see, and nothing that clients have sent."""

import hashlib
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from app.core import telemetry
from app.core.metrics import Metrics
from app.core.settings import Settings
from app.main import serve
from schema.codes import Code
from schema.execution.observer import Observer
from schema.execution.request import Refusal, Stage, problem
from tests.client import Api
from tests.logs import above_debug, as_before, lines
from tests.protocol.ticking import ticking

SECRET = "a name that is nobody's business"
MISTAKES = (
    "{",
    f"{{ {'x' * 80} }}",
    f'{{ file(id: "{SECRET}") {{ name }} }}',
    f'{{ folders(filter: "{SECRET}") {{ nodes {{ name }} }} }}',
    "{ folders(first: -1) { nodes { name } } }",
    "query ($id: ID!) { file(id: $id) { name } }",
    f'mutation {{ createFolder(input: {{ name: "{SECRET}", parentId: "fol_x" }}) {{ folder {{ id }} }} }}',
)


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    """Put logging back as pytest had it."""
    with as_before():
        yield


def tell_everything() -> None:
    """As JSON; for the body of a test, since what reads it is another object at each stage."""
    telemetry.configure(Settings(log_json=True, log_level="DEBUG"))


async def test_mistakes_of_clients_leave_no_line_above_debug_and_no_value(runtime, world, capsys):
    tell_everything()
    app = Starlette()
    serve(app, runtime)
    async with Api.connect(app, await world.organisation()) as api:
        capsys.readouterr()
        for mistake in MISTAKES:
            await api.raw(mistake)
        await api.as_(None).errors("{ folders { nodes { name } } }")
        await api.http.post("/graphql", content=b"{", headers={"Content-Type": "a/b"})
    found = lines(capsys)
    ours = [line for line in found if line["event"] == "refused"]
    assert {code for line in ours for code in line["codes"]} >= {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
        "UNAUTHENTICATED",
        "UNSUPPORTED_MEDIA_TYPE",
    }
    assert all(len(line["request_id"]) == 32 for line in ours)
    assert above_debug(found) == []
    assert SECRET not in str(found)


async def test_a_bug_is_told_once_with_its_traceback_and_the_id_that_the_client_has(
    runtime, capsys
):
    tell_everything()
    async with ticking(runtime) as ground, ground.socket() as socket:
        (error,) = await (await socket.subscribe("{ broken }")).errors()
    (line,) = above_debug(lines(capsys))
    assert (line["level"], line["event"]) == ("error", "a resolver failed")
    assert line["request_id"] == error["extensions"]["requestId"]
    assert "ZeroDivisionError" in line["exception"]


async def test_what_is_slow_is_named_by_the_digest_of_its_document(runtime, capsys):
    tell_everything()
    document = f"query Ours {{ slow }} # {SECRET}"
    settings = {"max_seconds": 0.2, "slow_seconds": 0.1}
    async with ticking(runtime, **settings) as ground, ground.socket() as socket:
        await anext(await socket.subscribe("{ large(size: 1) }"))
        (error,) = await (await socket.subscribe(document)).errors()
    (line,) = above_debug(lines(capsys))
    assert (line["level"], line["event"], line["kind"]) == ("warning", "slow", "query")
    assert line["document"] == hashlib.sha256(document.encode()).hexdigest()
    assert line["seconds"] >= 0.2
    assert line["points"] == 1
    assert line["request_id"] == error["extensions"]["requestId"]
    assert SECRET not in str(line)


def test_an_outage_is_told_at_once_and_then_now_and_then(capsys, monkeypatch):
    tell_everything()
    seconds = 0.0
    monkeypatch.setattr("schema.execution.observer.time.monotonic", lambda: seconds)
    observer = Observer(Metrics())
    away = Refusal(Stage.CAPACITY, [problem(Code.UNAVAILABLE, "No room.", "1")])
    for seconds in (0.0, 1.0, 9.9, 10.0, 10.1):  # noqa: B007  the clock reads it
        observer.refused(away, "1")
    found = lines(capsys)
    assert [(line["level"], line["count"]) for line in found] == [("warning", 1), ("warning", 3)]


async def test_lines_of_an_operation_on_a_socket_have_its_own_id(runtime, capsys):
    tell_everything()
    async with ticking(runtime) as ground, ground.socket() as socket:
        for _ in range(2):
            await anext(await socket.subscribe("{ logged }"))
    ids = [line["request_id"] for line in lines(capsys) if line["event"] == "at work"]
    assert len(set(ids)) == 2
    assert all(len(one) == 32 for one in ids)
