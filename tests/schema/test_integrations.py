"""Integrations, through the API."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.routing import Mount

from app.accounts.roles import OrganisationRole
from app.core.clock import new_id
from app.core.db import Scope
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.core.storage.integrations import AccessKey, S3Compatible
from app.files import checks, configuration, local_files, sealing, stores
from app.files.models import Integration, StorageLocation
from app.files.stores import Terms
from app.main import serve
from tests.client import Api
from tests.schema.public_ids import public
from tests.statements import Statements
from tests.world import Person, World

ERRORS = "userErrors { code message field }"
SHOWN = """
integration {
  id title provider isStrictClientOnly revision userRole
  configuration { bucket prefix region endpoint isPathStyle account root accessKeyId roleArn externalId }
  grants { nodes { role user { email } } }
}
"""
CREATE = f"""
mutation ($input: CreateIntegrationInput!) {{ createIntegration(input: $input) {{ {SHOWN} {ERRORS} }} }}
"""
UPDATE = CREATE.replace("CreateInt", "UpdateInt").replace("createInt", "updateInt")
SHARE = CREATE.replace("CreateInt", "ShareInt").replace("createInt", "shareInt")
UNSHARE = CREATE.replace("CreateInt", "UnshareInt").replace("createInt", "unshareInt")
CHANGE_ROLE = CREATE.replace("CreateIntegration", "ChangeIntegrationRole").replace(
    "createIntegration", "changeIntegrationRole"
)
DELETE = f"""
mutation ($input: DeleteIntegrationInput!) {{
  deleteIntegration(input: $input) {{ deletedIntegrationId {ERRORS} }}
}}
"""
LIST = """
query ($filter: IntegrationFilter, $all: Boolean = false) {
  integrations(filter: $filter, includeOrganisationAccess: $all) { nodes { title userRole } }
}
"""
CHECK = """
query ($id: ID!, $url: String) {
  integrationCheck(id: $id, objectUrl: $url) { isOk findings { isOk message } }
}
"""
KEY = {"accessKeyId": "AKIA0", "secretAccessKey": "hush-hush"}
STORES: dict[str, dict[str, Any]] = {
    "AWS_S3": {"awsS3": {"region": "eu-central-1", "credentials": {"key": KEY}, "bucket": "media"}},
    "S3_COMPATIBLE": {"s3Compatible": {"endpoint": "https://192.0.2.1", "key": KEY}},
    "GCS": {"gcs": {"serviceAccount": '{"private_key": "hush-hush"}', "bucket": "media"}},
    "AZURE": {"azure": {"account": "media", "accountKey": "hush-hush", "prefix": "in"}},
    "LOCAL": {"local": {"root": "/"}},
}


@pytest.fixture
async def ann(api: Api, world: World) -> Person:
    """A member without any role on a thing."""
    assert api.person is not None
    return await world.member(api.person)


async def titles(api: Api, **variables: Any) -> list[str]:
    """What a listing shows."""
    data = await api(LIST, **variables)
    return [node["title"] for node in data["integrations"]["nodes"]]


@pytest.mark.parametrize("provider", ["AWS_S3", "GCS", "AZURE", "LOCAL"])
async def test_credentials_are_sealed_and_never_shown(
    api: Api, runtime: Runtime, provider: str
) -> None:
    given = {"title": "Media", "store": STORES[provider]}
    answer = await api.raw(CREATE, input=given)
    shown = answer["data"]["createIntegration"]["integration"]
    assert (shown["provider"], shown["userRole"]) == (provider, "ADMIN")
    assert "hush" not in str(answer)
    async with runtime.db.read(Scope(api.person.organisation_id)) as session:
        row = (
            await session.execute(text("select to_jsonb(integration)::text from integration"))
        ).one()
    assert "hush" not in row[0]
    assert b"hush".hex() not in row[0]


async def test_what_may_be_shown_is_shown(api: Api) -> None:
    payload = await api.change(CREATE, input={"title": "Media", "store": STORES["AWS_S3"]})
    configuration = payload["integration"]["configuration"]
    assert {name: value for name, value in configuration.items() if value is not None} == {
        "bucket": "media",
        "prefix": "",
        "region": "eu-central-1",
        "accessKeyId": "AKIA0",
    }


async def test_sealed_credentials_open_again(api: Api, world: World, runtime: Runtime) -> None:
    given = S3Compatible("https://192.0.2.1", "r", AccessKey("id", "secret"), bucket="media")
    row = Integration(
        organisation_id=api.person.organisation_id,
        title="x",
        provider=StorageLocation.S3_COMPATIBLE,
        configuration={},
    )
    row.configuration, secrets = configuration.split(given)
    row.credentials = sealing.seal(runtime.secret, stores.binding(row), secrets)
    assert stores.integration_of(row, runtime.secret) == given


@pytest.mark.parametrize(
    "store",
    [
        STORES["S3_COMPATIBLE"],
        {"s3Compatible": {"endpoint": "http://example.com", "key": KEY}},
        {"s3Compatible": {"endpoint": "https://127.0.0.1", "key": KEY}},
        {"awsS3": {"region": "not a region", "credentials": {"key": KEY}}},
        {"awsS3": {"region": "eu-central-1", "credentials": {"key": KEY}, "bucket": "a b"}},
        {"awsS3": {"region": "eu-central-1", "credentials": {"key": KEY}, "bucket": "arn:\0"}},
        {"awsS3": {"region": "eu-central-1", "credentials": {"key": KEY}, "prefix": "\0"}},
        {
            "awsS3": {
                "region": "eu-central-1",
                "credentials": {
                    "role": {"roleArn": "arn:aws:iam::123456789012:role/r", "externalId": "x"}
                },
            }
        },
        {"gcs": {"serviceAccount": "x" * 20_000}},
        {"azure": {"account": "media"}},
        {"azure": {"account": "NOT AN ACCOUNT", "accountKey": "x"}},
        {"local": {"root": "relative"}},
        {"local": {"root": "/no/such/folder"}},
        {"local": {"root": "/\0"}},
    ],
)
async def test_a_configuration_against_the_rules_is_refused(
    api: Api, store: dict[str, Any]
) -> None:
    error = await api.refusal(CREATE, input={"title": "Media", "store": store})
    assert error["code"] == "INVALID"
    assert error["field"][0] == "store"


@pytest.mark.parametrize("title", ["", "x" * 256, "a\0b"])
async def test_a_title_that_cannot_be_kept_is_refused(api: Api, title: str) -> None:
    error = await api.refusal(CREATE, input={"title": title, "store": STORES["AWS_S3"]})
    assert (error["code"], error["field"]) == ("INVALID", ["title"])


async def test_a_tasker_makes_no_integration(api: Api, world: World) -> None:
    tasker = await world.member(api.person, OrganisationRole.TASKER)
    given = {"title": "Media", "store": STORES["AWS_S3"]}
    assert (await api.as_(tasker).refusal(CREATE, input=given))["code"] == "FORBIDDEN"


async def test_integrations_are_listed_by_ids_and_exact_titles(api: Api, world: World) -> None:
    one, two = await world.bucket(api.person, "One"), await world.bucket(api.person, "Two")
    await world.bucket(api.person, "one")
    both = [public(one), public(two)]
    assert await titles(api) == ["One", "Two", "one"]
    assert await titles(api, filter={"titles": ["One"]}) == ["One"]
    assert await titles(api, filter={"ids": both}) == ["One", "Two"]
    assert await titles(api, filter={"ids": both, "titles": ["Two", "one", "\0"]}) == ["Two"]
    assert await titles(api, filter={"ids": []}) == []


async def test_a_member_sees_what_is_shared_and_an_administrator_all_on_request(
    api: Api, world: World, ann: Person
) -> None:
    integration = await world.bucket(api.person, "Ours")
    hers = await world.bucket(ann, "Hers")
    assert await titles(api.as_(ann)) == ["Hers"]
    assert await titles(api) == ["Ours"]
    assert await titles(api, all=True) == ["Ours", "Hers"]
    by_id = "query ($id: ID!) { integration(id: $id) { title userRole } }"
    assert (await api(by_id, id=public(hers)))["integration"] == {"title": "Hers", "userRole": None}
    assert (await api.as_(ann)(by_id, id=public(integration)))["integration"] is None
    await api.change(
        SHARE,
        input={"integrationId": public(integration), "to": {"emails": [ann.email]}, "role": "USER"},
    )
    found = (await api.as_(ann)(by_id, id=public(integration)))["integration"]
    assert found == {"title": "Ours", "userRole": "USER"}


async def test_sharing_changes_no_role_and_unsharing_takes_it(
    api: Api, world: World, ann: Person
) -> None:
    key = public(await world.bucket(api.person))
    people = {"emails": [ann.email]}
    given = {"integrationId": key, "to": people, "role": "ADMIN"}
    await api.change(SHARE, input=given)
    payload = await api.change(SHARE, input=given | {"role": "USER"})
    roles = [grant["role"] for grant in payload["integration"]["grants"]["nodes"]]
    assert roles == ["ADMIN", "ADMIN"]
    given = {"integrationId": key, "of": people, "role": "USER"}
    payload = await api.change(CHANGE_ROLE, input=given)
    roles = [grant["role"] for grant in payload["integration"]["grants"]["nodes"]]
    assert sorted(roles) == ["ADMIN", "USER"]
    payload = await api.change(UNSHARE, input={"integrationId": key, "from": people})
    assert len(payload["integration"]["grants"]["nodes"]) == 1
    assert await titles(api.as_(ann)) == []


async def test_a_user_of_an_integration_changes_nothing(
    api: Api, world: World, ann: Person
) -> None:
    key = public(await world.bucket(api.person))
    given = {"integrationId": key, "to": {"emails": [ann.email]}, "role": "USER"}
    await api.change(SHARE, input=given)
    member = api.as_(ann)
    refusals = [
        await member.refusal(UPDATE, input={"integrationId": key, "title": "Mine"}),
        await member.refusal(DELETE, input={"integrationId": key}),
        await member.refusal(SHARE, input=given),
        await member.refusal(UNSHARE, input={"integrationId": key, "from": {}}),
        await member.refusal(CHANGE_ROLE, input={"integrationId": key, "of": {}, "role": "ADMIN"}),
    ]
    assert {error["code"] for error in refusals} == {"FORBIDDEN"}


async def test_another_organisations_integration_looks_like_nothing(api: Api, world: World) -> None:
    key = public(await world.bucket(await world.organisation("Other")))
    assert (await api("query ($id: ID!) { integration(id: $id) { id } }", id=key)) == {
        "integration": None
    }
    assert (await api(CHECK, id=key)) == {"integrationCheck": None}
    assert await titles(api, all=True) == []
    refusals = [
        await api.refusal(UPDATE, input={"integrationId": key, "title": "Mine"}),
        await api.refusal(DELETE, input={"integrationId": key}),
        await api.refusal(SHARE, input={"integrationId": key, "to": {}, "role": "USER"}),
    ]
    assert {error["code"] for error in refusals} == {"NOT_FOUND"}


async def test_an_update_replaces_the_configuration_and_keeps_the_provider(
    api: Api, world: World, runtime: Runtime
) -> None:
    integration = await world.bucket(api.person)
    key = public(integration)
    payload = await api.change(
        UPDATE, input={"integrationId": key, "title": "New", "isStrictClientOnly": True}
    )
    shown = payload["integration"]
    assert (shown["title"], shown["isStrictClientOnly"], shown["revision"]) == ("New", True, 2)
    assert shown["configuration"]["bucket"] == "media"
    store = {"awsS3": {"region": "us-east-1", "credentials": {"key": KEY}}}
    payload = await api.change(UPDATE, input={"integrationId": key, "store": store})
    assert payload["integration"]["configuration"]["bucket"] is None
    assert payload["integration"]["configuration"]["accessKeyId"] == "AKIA0"
    async with runtime.db.read(Scope(api.person.organisation_id)) as session:
        row = await session.get(Integration, (integration.organisation_id, integration.id))
    assert "hush-hush" in str(stores.integration_of(row, runtime.secret).access.secret)
    error = await api.refusal(UPDATE, input={"integrationId": key, "store": STORES["LOCAL"]})
    assert error["code"] == "CONFLICT"
    stale = {"integrationId": key, "title": "x", "expectedRevision": 1}
    assert (await api.refusal(UPDATE, input=stale))["code"] == "REVISION_CONFLICT"


async def test_an_integration_that_files_use_stays_and_says_how_many(
    api: Api, world: World
) -> None:
    integration = await world.bucket(api.person)
    folder = await world.folder(api.person)
    files = [await world.file(api.person, folder, integration_id=integration.id) for _ in range(2)]
    error = await api.refusal(DELETE, input={"integrationId": public(integration)})
    assert error["code"] == "CONFLICT"
    assert error["message"].startswith("2 files")
    await api.change(
        f"mutation ($input: DeleteFilesInput!) {{ deleteFiles(input: $input) {{ {ERRORS} }} }}",
        input={"fileIds": [public(file) for file in files], "folderId": public(folder)},
    )
    payload = await api.change(DELETE, input={"integrationId": public(integration)})
    assert payload["deletedIntegrationId"] == public(integration)
    assert await titles(api) == []


async def test_a_page_of_integrations_costs_the_same_statements_however_long_it_is(
    api: Api, world: World, statements: Statements
) -> None:
    document = (
        "{ integrations { nodes { title userRole createdBy { email } configuration { bucket } } } }"
    )
    counts = []
    for _ in range(2):
        await world.bucket(api.person)
        statements.clear()
        await api(document)
        counts.append(len(statements))
    assert counts == [3, 3]


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """A real S3 server with a bucket `media` and an object in it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    with httpx2.Client(base_url=url, timeout=60) as client:
        client.post("/moto-api/reset")  # the servers of a process share what they hold
        assert client.put("/media").status_code == 200
        assert client.put("/media/in/one.png", content=b"12345").status_code == 200
    yield url
    server.stop()


def row_of(url: str, runtime: Runtime, bucket: str | None = "media") -> Integration:
    """An integration of the S3 server, not stored."""
    store = S3Compatible(url, "us-east-1", AccessKey("id", "secret"), bucket=bucket)
    row = Integration(
        organisation_id=new_id(),
        title="x",
        provider=StorageLocation.S3_COMPATIBLE,
        configuration={},
    )
    row.configuration, secrets = configuration.split(store)
    row.credentials = sealing.seal(runtime.secret, stores.binding(row), secrets)
    return row


TERMS = Terms(frozenset({"127.0.0.1"}), ())


@pytest.mark.parametrize(
    ("url", "is_ok", "last"),
    [
        ("s3://media/in/one.png", True, "Links to it can be signed."),
        ("s3://media/in/two.png", False, "There is no object 'in/two.png'"),
        ("s3://other/in/one.png", False, "The URL is of the bucket 'other'"),
        ("gs://media/in/one.png", False, "The URL is of GCS"),
        (None, True, "The bucket can be listed and holds objects."),
    ],
)
async def test_a_check_opens_the_store_and_says_what_works(
    runtime: Runtime, s3_url: str, url: str | None, is_ok: bool, last: str
) -> None:
    row = row_of(s3_url, runtime)
    found = await checks.examine(row, url, secret=runtime.secret, terms=TERMS)
    assert found[-1].is_ok is is_ok
    assert found[-1].message.startswith(last)
    assert all(finding.is_ok for finding in found[:-1])


async def test_a_check_without_a_bucket_asks_for_a_url(runtime: Runtime, s3_url: str) -> None:
    row = row_of(s3_url, runtime, bucket=None)
    found = await checks.examine(row, None, secret=runtime.secret, terms=TERMS)
    assert found[-1].message.startswith("No bucket is configured")


async def test_a_check_of_credentials_of_another_secret_says_so(
    runtime: Runtime, s3_url: str
) -> None:
    found = await checks.examine(row_of(s3_url, runtime), None, secret=b"other", terms=TERMS)
    assert [finding.is_ok for finding in found] == [False]
    assert "fresh ones" in found[0].message


async def test_a_check_does_not_wait_for_ever(runtime: Runtime) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    row = row_of("http://{}:{}".format(*server.sockets[0].getsockname()), runtime)
    found = await checks.examine(row, None, secret=runtime.secret, terms=TERMS, longest_seconds=0.2)
    server.close()
    assert found[-1].message == "The store did not answer within 0.2 seconds."


async def test_a_local_folder_is_checked_through_the_api(
    api: Api, world: World, tmp_path: Path
) -> None:
    tmp_path.joinpath("one.png").write_bytes(b"12345")
    key = public(await world.local_integration(api.person, tmp_path))
    good = (await api(CHECK, id=key, url=f"{tmp_path.as_uri()}/one.png"))["integrationCheck"]
    assert good["isOk"]
    assert good["findings"][-1]["message"] == "The object is there and has 5 bytes."
    bad = (await api(CHECK, id=key, url=f"{tmp_path.as_uri()}/two.png"))["integrationCheck"]
    assert not bad["isOk"]
    assert (await api(CHECK, id=key))["integrationCheck"]["isOk"]


async def link_of(
    api: Api, world: World, person: Person, integration: Integration, url: str
) -> Any:
    """The download link of a file that is registered through the integration."""
    folder = await world.folder(person)
    file = await world.file(
        person,
        folder,
        integration_id=integration.id,
        storage_location=integration.provider,
        url=url,
        mime_type="image/png",
    )
    document = "query ($id: ID!) { file(id: $id) { downloadUrl } }"
    return (await api(document, id=public(file)))["file"]["downloadUrl"]


async def test_a_file_of_a_bucket_has_a_link_to_the_bucket(api: Api, world: World) -> None:
    integration = await world.bucket(api.person)
    link = await link_of(api, world, api.person, integration, "s3://media/in/one.png")
    assert link.startswith("https://media.s3.eu-central-1.amazonaws.com/in/one.png?")
    assert "X-Amz-Signature" in link


async def test_a_file_outside_of_its_integration_has_no_link_but_a_reason(
    api: Api, world: World
) -> None:
    integration = await world.bucket(api.person)
    folder = await world.folder(api.person)
    file = await world.file(
        api.person, folder, integration_id=integration.id, url="s3://other/one.png"
    )
    answer = await api.raw(
        "query ($id: ID!) { file(id: $id) { name downloadUrl } }", id=public(file)
    )
    assert answer["data"]["file"] == {"name": "file.png", "downloadUrl": None}
    assert "bucket 'other'" in answer["errors"][0]["message"]


async def test_a_file_of_a_local_folder_is_served_at_a_link_of_ours(
    api: Api, world: World, runtime: Runtime, tmp_path: Path
) -> None:
    tmp_path.joinpath("one.png").write_bytes(b"12345")
    one = await world.local_integration(api.person, tmp_path)
    two = await world.local_integration(api.person, Path("/"))
    link = await link_of(api, world, api.person, one, f"{tmp_path.as_uri()}/one.png")
    app = Starlette(routes=[Mount("/storage", routes=local_files.routes(runtime))])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport) as http:
        answer = await http.get(link)
        assert (answer.status_code, answer.content) == (200, b"12345")
        assert answer.headers["content-type"] == "image/png"
        statuses = [
            (await http.get(link.replace("one.png", "two.png"))).status_code,
            (await http.get(link.replace(one.id.hex, two.id.hex))).status_code,
            (await http.get(link.replace(one.id.hex, "nonsense"))).status_code,
            (await http.put(link, content=b"x")).status_code,
        ]
    assert statuses == [403, 403, 404, 405]


ROLE = {
    "awsS3": {
        "region": "eu-central-1",
        "bucket": "media",
        "credentials": {
            "role": {"roleArn": "arn:aws:iam::123456789012:role/labels", "externalId": "acme"}
        },
    }
}


async def test_roles_of_aws_need_keys_of_the_servers_own(
    api: Api, settings: Settings, runtime: Runtime
) -> None:
    error = await api.refusal(CREATE, input={"title": "Role", "store": ROLE})
    assert "no AWS keys" in error["message"]
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": SecretStr("x")}
    able = replace(runtime, settings=settings.model_copy(update=keys))
    application = Starlette()
    serve(application, able)
    async with Api.connect(application, api.person) as there:
        payload = await there.change(CREATE, input={"title": "Role", "store": ROLE})
    assert payload["integration"]["title"] == "Role"
