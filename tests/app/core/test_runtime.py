"""Opening and closing what a process holds."""

import asyncio

import pytest

from app.core.settings import Settings
from tests.conftest import opened


@pytest.mark.parametrize("milliseconds", range(6))
async def test_a_process_that_is_stopped_while_it_starts_ends_soon(
    settings: Settings, milliseconds: int
) -> None:
    async with asyncio.timeout(20):
        async with opened(settings):
            await asyncio.sleep(milliseconds / 1_000)
