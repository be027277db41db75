"""What compilers for clients make of the schema, and what the server makes of the documents that they list."""

import dataclasses
import json
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette

from app.core.runtime import Runtime
from app.main import serve
from schema.codes import Code
from tests.client import Api
from tests.node.tool import Tool
from tests.protocol.caller import Caller, code_of
from tests.schema.registering import Desk


def succeeded(done: subprocess.CompletedProcess[str]) -> None:
    """Fail with the tool's words if it did."""
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
async def relay() -> Path:
    """What Relay's compiler writes: artifacts, and all documents in documents.json."""
    tool = Tool.installed("relay")
    build = tool.folder / "build"
    shutil.rmtree(build, ignore_errors=True)  # it lists only what is new to it
    build.mkdir()
    (build / "documents.json").write_text("{}")
    succeeded(await tool.run(tool.program("relay-compiler")))
    return build


@pytest.fixture(scope="module")
async def codegen() -> Path:
    """What GraphQL Code Generator writes: types, and all documents in persisted-documents.json."""
    tool = Tool.installed("codegen")
    succeeded(await tool.run(tool.program("graphql-codegen"), "--config", "codegen.ts"))
    return tool.folder / "build"


@asynccontextmanager
async def closed(runtime: Runtime, documents: Path, api: Api) -> AsyncGenerator[Caller]:
    """A caller at a server that runs these documents only."""
    told = {"documents_file": documents, "documents_only": True}
    app = Starlette()
    serve(app, dataclasses.replace(runtime, settings=runtime.settings.model_copy(update=told)))
    async with Caller.inside(app, api.person) as caller:
        yield caller


def id_of(documents: Path, start: str) -> str:
    """The id of the document that starts so."""
    listed: dict[str, str] = json.loads(documents.read_bytes())
    (found,) = (key for key, text in listed.items() if start in text)
    return found


async def test_relay_can_page_both_ways_refetch_through_node_and_subscribe(relay: Path) -> None:
    listed = json.loads((relay / "documents.json").read_bytes())
    assert len(listed) == 5
    refetch = listed[id_of(relay / "documents.json", "query FolderPageFilesQuery")]
    assert "node(id: $id)" in refetch


async def test_types_for_typescript_compile_and_are_exact(codegen: Path) -> None:
    tool = Tool.installed("codegen")
    succeeded(await tool.run(tool.program("tsc"), "--project", "."))


@pytest.mark.parametrize(
    ("compiler", "name", "start"),
    [
        ("relay", "documents.json", "query FolderPageFilesQuery("),
        ("codegen", "persisted-documents.json", "query FolderFiles("),
    ],
)
async def test_a_server_can_be_closed_to_all_but_what_a_compiler_has_listed(
    relay: Path,
    codegen: Path,
    runtime: Runtime,
    api: Api,
    desk: Desk,
    compiler: str,
    name: str,
    start: str,
) -> None:
    documents = {"relay": relay, "codegen": codegen}[compiler] / name
    async with closed(runtime, documents, api) as caller:
        body = {"documentId": id_of(documents, start), "variables": {"id": desk.folder_id}}
        answer = (await caller.post(body)).json()
        (folder,) = answer["data"].values()
        assert folder["id"] == desk.folder_id
        assert code_of(await caller.post("{ me { id } }")) is Code.DOCUMENT_NOT_ALLOWED
