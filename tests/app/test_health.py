"""What the server says of itself: /livez, /readyz and /metrics."""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import httpx2
import psycopg
import pytest
from starlette.applications import Starlette

from app.core import health, migrations
from app.core import runtime as runtimes
from app.core.embedded import Services
from app.core.health import Pulse
from app.core.settings import Settings
from app.main import serve
from tests.conftest import drop_database, fresh_database

NAME = f"test_health_{os.getpid()}"
"""The database of this file: several test processes share one PostgreSQL."""
OLD_EVENT = """
with one as (insert into organisation values (gen_random_uuid(), 'o', 1, now(), now()) returning id)
insert into outbox (organisation_id, topic, entity_id, created_at)
select id, 'file', id, now() - interval '11 seconds' from one
"""


@pytest.fixture(scope="module")
def alone(settings: Settings, services: Services) -> Iterator[Settings]:
    """A database that no relay and no worker looks after."""
    url = fresh_database(services, NAME)
    migrations.migrate(url)
    yield settings.model_copy(update={"database_url": url})
    drop_database(services, NAME)


@asynccontextmanager
async def asked(
    settings: Settings, pulse: Pulse | None = None
) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of a server with these settings."""
    async with runtimes.opened(settings) as runtime:
        app = Starlette()
        serve(app, runtime, pulse)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


def change(settings: Settings, sql: str, *, database: str = NAME) -> None:
    """Change the database behind the server's back."""
    assert settings.database_url is not None
    url = settings.database_url.replace(f"/{NAME}?", f"/{database}?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)


async def states(client: httpx2.AsyncClient, status: int) -> dict[str, str]:
    """The states of the checks of /readyz, which must answer with `status`."""
    response = await client.get("/readyz")
    assert response.status_code == status, response.text
    return {name: check["state"] for name, check in response.json()["checks"].items()}


async def test_a_server_whose_services_answer_is_ready(alone):
    async with asked(alone) as client:
        assert await states(client, 200) == {
            "process": "ok",
            "database": "ok",
            "schema": "ok",
            "relay": "ok",
            "workers": "degraded",
            "valkey": "ok",
        }


async def test_a_worker_that_gave_a_sign_of_life_is_counted(alone):
    change(alone, "insert into procrastinate_workers default values")
    async with asked(alone) as client:
        assert (await states(client, 200))["workers"] == "ok"
    change(alone, "update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    async with asked(alone) as client:
        assert (await states(client, 200))["workers"] == "degraded"


async def test_without_valkey_it_is_degraded_and_still_ready(alone):
    away = alone.model_copy(update={"redis_url": "unix:///nowhere/valkey.sock"})
    async with asked(away) as client:
        response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["valkey"]["state"] == "degraded"


async def test_events_that_wait_longer_than_ten_seconds_make_it_unready(alone):
    change(alone, OLD_EVENT)
    async with asked(alone) as client:
        assert (await states(client, 503))["relay"] == "failed"
        metrics = (await client.get("/metrics")).text
        change(alone, "delete from outbox")
        assert (await states(client, 200))["relay"] == "ok"
    lag = next(line for line in metrics.splitlines() if line.startswith("labelgraph_relay_lag"))
    assert 11 <= float(lag.split()[1]) < 60


async def test_a_database_of_another_revision_makes_it_unready(alone):
    async with asked(alone) as client:
        change(alone, "update alembic_version set version_num = '0000'")
        assert (await states(client, 503))["schema"] == "failed"
        change(alone, f"update alembic_version set version_num = '{migrations.head()}'")
        assert (await states(client, 200))["schema"] == "ok"


async def test_a_database_that_is_away_makes_it_unready_and_leaves_it_alive(alone):
    async with asked(alone) as client:
        change(alone, f"alter database {NAME} allow_connections false", database="postgres")
        cut = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{NAME}'"
        change(alone, cut, database="postgres")
        assert (await states(client, 503))["database"] == "failed"
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200
        change(alone, f"alter database {NAME} allow_connections true", database="postgres")
        assert (await states(client, 200))["database"] == "ok"


async def test_a_server_that_stops_is_unready(alone):
    pulse = Pulse()
    async with asked(alone, pulse) as client:
        assert (await states(client, 200))["process"] == "ok"
        pulse.is_stopping = True
        assert (await states(client, 503))["process"] == "failed"
        assert (await client.get("/livez")).status_code == 200


@pytest.mark.parametrize(("lag_seconds", "state"), [(0.0, "ok"), (4.9, "ok"), (5.0, "failed")])
def test_it_lives_as_long_as_its_loop_is_not_very_late(lag_seconds, state):
    pulse = Pulse()
    pulse.note(lag_seconds)
    assert health.liveness(pulse).state == state


async def test_metrics_count_operations_by_kind_and_outcome(alone):
    async with asked(alone) as client:
        for query in (
            "{ __typename }",
            "{ __typename }",
            "mutation { __typename }",
            "{ nothing }",
            "{",
        ):
            await client.post("/graphql", json={"query": query})
        lines = (await client.get("/metrics")).text.splitlines()
    parts = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    counted = {name: float(value) for name, _, value in parts}
    total = "labelgraph_operations_total"
    assert counted[f'{total}{{kind="query",outcome="ok"}}'] == 2
    assert counted[f'{total}{{kind="mutation",outcome="ok"}}'] == 1
    assert counted[f'{total}{{kind="unknown",outcome="refused"}}'] == 2
    assert counted['labelgraph_operation_seconds_count{kind="query"}'] == 2
    assert counted['labelgraph_jobs{status="todo"}'] == 0


async def test_the_front_page_names_the_api(alone):
    async with asked(alone) as client:
        page = await client.get("/")
    assert page.status_code == 200
    assert "/graphql" in page.text
