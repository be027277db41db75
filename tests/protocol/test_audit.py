"""The audit suite of graphql-http, by nobody in particular, against the running server."""

import dataclasses
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.applications import Starlette

from app.core.runtime import Runtime
from app.main import serve
from tests.conftest import listening
from tests.node.tool import Tool

MISSHAPEN = (
    *("423L", "LKJ0", "LKJ1", "LKJ2", "LKJ3"),  # the query
    *("6C00", "6C01", "6C02", "6C03"),  # the operation's name
    *("4760", "4761", "4762", "4763"),  # the variables
    *("58B0", "58B1", "58B2", "58B3"),  # the extensions
    "3E3A",
)
MOVED_ON = {
    **dict.fromkeys(MISSHAPEN, 422),
    "86EE": 422,
    # who accepts nothing but plain JSON gets the same status as everybody
    "572B": 400,
    "FDE2": 400,
    "7B9B": 422,
}
"""Audits that hold the rules of an older draft, with what the profile `draft` answers: those of 2026."""


@pytest.fixture(scope="module")
def audit() -> Tool:
    return Tool.installed("audit")


@pytest.fixture
async def draft(runtime: Runtime) -> AsyncGenerator[str]:
    """A server with the other profile."""
    settings = runtime.settings.model_copy(update={"http_profile": "draft"})
    app = Starlette()
    serve(app, dataclasses.replace(runtime, settings=settings))
    async with listening(app) as server:
        yield server


def complaints(found: list[dict[str, Any]]) -> dict[str, str]:
    """What is not ok, by its id."""
    return {
        one["id"]: "{status}: {name}: {reason} (HTTP {code})".format(**one)
        for one in found
        if one["status"] != "ok"
    }


async def test_all_61_audits_are_content(audit: Tool, server: str) -> None:
    found = await audit.script("audit.mjs", url=f"{server}/graphql")
    assert len(found) == 61
    assert complaints(found) == {}


async def test_the_draft_differs_where_the_rules_have_moved_on(audit: Tool, draft: str) -> None:
    found = await audit.script("audit.mjs", url=f"{draft}/graphql")
    assert len(found) == 61
    assert {one["id"]: one["code"] for one in found if one["status"] != "ok"} == MOVED_ON
