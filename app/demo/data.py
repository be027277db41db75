"""Loads the demo's files as any client would: by the public API, in registration jobs that the worker does."""

from typing import Any

from rich.console import Console

from app.client import registration, sending
from app.client.graphql import Api
from app.client.sending import LocalFile
from app.demo import shelves
from app.demo.shelves import Unit
from app.media import kinds

SCHEMA = "query { metadataSchema { revision keys { name } } }"
IMPORT = """
mutation Import($input: ImportMetadataSchemaInput!) {
  importMetadataSchema(input: $input) { userErrors { message field } }
}
"""
FOLDER = """
query Folder($name: String!) { folders(first: 1, filter: { name: { eq: $name } }) { nodes { id } } }
"""
NEW_FOLDER = """
mutation NewFolder($input: CreateFolderInput!) {
  createFolder(input: $input) { userErrors { message field } folder { id } }
}
"""
JOBS = "query Jobs($id: ID!) { uploadJobs(first: 1, filter: { folderId: $id }) { nodes { id } } }"


async def load(api: Api, console: Console) -> None:
    """Load what is missing. A folder that has had a registration job is left as it is."""
    missing = [name for name in shelves.FOLDERS if not await _is_loaded(api, name)]
    if not missing:
        return
    console.print("Loading the demo's files ...")
    await _describe_metadata(api)
    for name in missing:
        done, failed = await _fill(api, await _folder(api, name), shelves.units(name))
        broken = f"; refused, as they are broken: {failed}" if failed else ""
        console.print(f"  {name}: {done} registered{broken}.")
    console.print("The demo's files are loaded.")


async def _is_loaded(api: Api, name: str) -> bool:
    nodes = (await api.ask(FOLDER, name=name))["folders"]["nodes"]
    return bool(nodes) and bool((await api.ask(JOBS, id=nodes[0]["id"]))["uploadJobs"]["nodes"])


async def _folder(api: Api, name: str) -> str:
    """The folder of this name, made if there is none."""
    nodes = (await api.ask(FOLDER, name=name))["folders"]["nodes"]
    if not nodes:
        asked = {"name": name, "description": "Made by `labelgraph demo`."}
        nodes = [(await api.change(NEW_FOLDER, input=asked))["folder"]]
    folder_id: str = nodes[0]["id"]
    return folder_id


async def _describe_metadata(api: Api) -> None:
    """Give the organisation a metadata schema with every kind of key, unless it has one."""
    schema = (await api.ask(SCHEMA))["metadataSchema"]
    if not schema["keys"]:
        asked = {"document": shelves.METADATA_SCHEMA, "expectedRevision": schema["revision"]}
        await api.change(IMPORT, input=asked)


async def _fill(api: Api, folder_id: str, units: list[Unit]) -> tuple[int, int]:
    """Send and register these units; how many were registered, and how many failed."""
    files = [_local(unit, position) for unit in units for position in range(len(unit.samples))]
    upload_ids = iter(await sending.send(api, folder_id, files))
    items = [_item(unit, [next(upload_ids) for _ in unit.samples]) for unit in units]
    job, _ = await registration.register(
        api, folderId=folder_id, ignoreErrors=True, source={"items": items}
    )
    async for state in registration.followed(api, job.id):
        job = state
    return job.done_count, job.error_count


def _local(unit: Unit, position: int) -> LocalFile:
    sample = unit.samples[position]
    with sample.path.open("rb") as file:
        kind = kinds.detect(file.read(kinds.HEAD_BYTES), sample.path.name)
    mime_type = kind.mime_type if kind and kind.type is sample.type else None
    return LocalFile(sample.path, sample.type.value, mime_type)


def _item(unit: Unit, upload_ids: list[str]) -> dict[str, Any]:
    item: dict[str, Any] = {
        "type": unit.kind,
        "uploadIds": upload_ids,
        "clientMetadata": unit.metadata,
    }
    return item if unit.title is None else item | {"title": unit.title}
