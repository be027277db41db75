"""What the contestants are asked, in the words of each: a page of files with their folders, and who one is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from app.core import ids
from app.core.ids import Kind
from benchmarks.shelf import Shelf

FILES = """
query FilesPage($first: Int!, $after: String) {
  files(first: $first, after: $after) {
    edges {
      cursor
      node {
        id name description type storageLocation url byteSize mimeType width height fps durationSeconds
        frameCount revision createdAt updatedAt
        folder { id name }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
"""16 fields and the folder. Ours, stock Strawberry's, and by its name the floor's."""

POSTGRAPHILE_FILES = (
    FILES.replace("files(", "allFiles(orderBy: [PRIMARY_KEY_ASC], ")
    .replace("id name", "rowId name")
    .replace("$after: String", "$after: Cursor")
)

TYPENAME = "query Typename { __typename }"

PROGRESS = """
subscription Progress($id: ID!) {
  uploadProgress(jobId: $id, minIntervalMs: 0) {
    cursor
    job { id status phase unitCount pendingCount doneCount errorCount cancelledCount revision updatedAt }
  }
}
"""


def page(document: str, size: int, after: str | None = None) -> dict[str, Any]:
    """The body of a request for a page."""
    variables = {"first": size, "after": after}
    return {"operationName": "FilesPage", "query": document, "variables": variables}


def typename() -> dict[str, Any]:
    """The body of the smallest request."""
    return {"operationName": "Typename", "query": TYPENAME, "variables": {}}


def progress(shelf: Shelf) -> dict[str, Any]:
    """The payload of a subscription to the shelf's job."""
    variables = {"id": ids.encode(Kind.UPLOAD_JOB, shelf.job_id)}
    return {"operationName": "Progress", "query": PROGRESS, "variables": variables}


def bearer(shelf: Shelf) -> dict[str, str]:
    """The header that signs in."""
    return {"Authorization": f"Bearer {shelf.token}"}


def files(body: bytes) -> list[dict[str, Any]]:
    """The nodes of an answer as ours spells them, whoever gave it. Fails on errors in it."""
    answer: dict[str, Any] = orjson.loads(body)
    assert "errors" not in answer, answer["errors"]
    (connection,) = answer["data"].values()
    return [_ours(edge["node"]) for edge in connection["edges"]]


def _ours(node: Mapping[str, Any]) -> dict[str, Any]:
    """PostGraphile has bare UUIDs, big numbers as text, and instants with an offset."""
    if "rowId" not in node:
        return dict(node)
    folder = {"id": _id("fold", node["folder"]["rowId"]), "name": node["folder"]["name"]}
    renamed = {name: value for name, value in node.items() if name != "rowId"}
    return renamed | {
        "id": _id("file", node["rowId"]),
        "byteSize": int(node["byteSize"]),
        "frameCount": None if node["frameCount"] is None else int(node["frameCount"]),
        "createdAt": _instant(node["createdAt"]),
        "updatedAt": _instant(node["updatedAt"]),
        "folder": folder,
    }


def _instant(value: str) -> str:
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _id(prefix: str, value: str) -> str:
    return f"{prefix}_{value.replace('-', '')}"
