"""Reads the log of the process, and puts logging back as it was."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from app.core import telemetry


@contextmanager
def as_before() -> Iterator[None]:
    """Inside the block logging may be configured; then it is as pytest had it."""
    root, client = logging.getLogger(), logging.getLogger(telemetry.CLIENT_ERRORS)
    before = root.handlers[:], root.level, client.filters[:]
    try:
        yield
    finally:
        root.handlers[:], client.filters[:] = before[0], before[2]
        root.setLevel(before[1])
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was written to standard error since it was last read, as JSON."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def above_debug(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that an operator sees."""
    return [line for line in found if line["level"] != "debug"]
