"""What stands in the log, and what never does."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from starlette.types import Message

from app.core import telemetry
from app.core.settings import Settings
from app.core.telemetry import REQUEST_ID, RequestIds
from tests.logs import as_before, lines

SECRET = "a value that nobody may read"


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    """Put logging back as pytest had it."""
    with as_before():
        yield


def refuse(error: Exception) -> None:
    """Raise the error."""
    raise error


def test_lines_of_ours_and_of_libraries_have_one_form(capsys):
    telemetry.configure(Settings(log_json=True))
    structlog.get_logger("ours").info("done", count=2)
    logging.getLogger("theirs").warning("%s left", 3)
    ours, theirs = lines(capsys)
    assert (ours["event"], ours["count"], ours["level"], ours["logger"]) == (
        "done",
        2,
        "info",
        "ours",
    )
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("3 left", "warning", "theirs")


@pytest.mark.parametrize(("level", "count"), [("DEBUG", 2), ("INFO", 1), ("ERROR", 0)])
def test_the_level_of_the_settings_decides(capsys, level, count):
    telemetry.configure(Settings(log_json=True, log_level=level))
    structlog.get_logger("ours").debug("small")
    structlog.get_logger("ours").info("large")
    assert len(lines(capsys)) == count


async def test_every_line_of_a_request_carries_its_id(capsys):
    telemetry.configure(Settings(log_json=True))
    sent: list[Message] = []

    async def app(scope, receive, send):
        structlog.get_logger("ours").info("at work")
        logging.getLogger("theirs").warning("at work")
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http"}
    await RequestIds(app)(scope, None, send)
    told = {line["request_id"] for line in lines(capsys)}
    assert told == {scope[REQUEST_ID]}
    assert sent[0]["headers"] == [(b"x-request-id", scope[REQUEST_ID].encode())]


@pytest.mark.parametrize("log_json", [True, False])
def test_a_traceback_holds_neither_variables_nor_what_the_database_quotes(capsys, log_json):
    telemetry.configure(Settings(log_json=log_json))
    try:
        password = SECRET
        try:
            refuse(KeyError("first"))
        except KeyError:
            raise ValueError(f"duplicate key\nDETAIL: Key (email)=({password}) exists") from None
    except ValueError:
        structlog.get_logger("ours").exception("it failed")
    told = capsys.readouterr().err
    assert "duplicate key" in told
    assert "test_telemetry.py" in told
    assert SECRET not in told
    assert "first" not in told


def test_causes_and_groups_stand_before_what_they_led_to(capsys):
    telemetry.configure(Settings(log_json=True))
    try:
        try:
            refuse(OSError("the socket"))
        except OSError as error:
            raise ExceptionGroup("several", [TypeError("the type")]) from error
    except ExceptionGroup:
        structlog.get_logger("ours").exception("it failed")
    (line,) = lines(capsys)
    told = str(line["exception"])
    assert told.index("the socket") < told.index("the type") < told.index("several")


@pytest.mark.parametrize(("level", "count"), [("INFO", 0), ("DEBUG", 1)])
def test_mistakes_of_clients_are_told_at_debug_without_what_was_sent(capsys, level, count):
    telemetry.configure(Settings(log_json=True, log_level=level))
    try:
        refuse(ValueError(SECRET))
    except ValueError:
        logging.getLogger(telemetry.CLIENT_ERRORS).exception(SECRET)
    told = lines(capsys)
    assert len(told) == count
    assert SECRET not in str(told)
    assert all(line["level"] == "debug" for line in told)
