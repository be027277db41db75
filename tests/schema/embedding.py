"""What the tests of vectors share: the mutations, and what a file has."""

import base64
from collections.abc import Sequence
from typing import Any

import anyio
import numpy as np

from app.core import ids
from app.core.ids import Kind
from app.files.models import File
from tests.client import Api

ADD_KEY = """
mutation ($key: String!, $dimensions: Int!) {
  addMetadataEmbedding(input: {key: $key, dimensions: $dimensions}) { userErrors { code message } }
}
"""
DELETE_KEY = """
mutation ($key: String!, $hard: Boolean! = false) {
  deleteMetadataKey(input: {key: $key, hard: $hard}) { userErrors { code message } }
}
"""
RESTORE_KEY = """
mutation ($key: String!) {
  restoreMetadataKey(input: {key: $key}) { userErrors { code message } }
}
"""
SET = """
mutation ($input: SetEmbeddingsInput!) {
  setEmbeddings(input: $input) {
    results { status file { id } userErrors { code message field } }
    replayed userErrors { code message field }
  }
}
"""
REMOVE = """
mutation ($input: RemoveEmbeddingsInput!) {
  removeEmbeddings(input: $input) {
    results { status userErrors { code message field } } userErrors { code message field }
  }
}
"""
FROM_UPLOAD = """
mutation ($input: SetEmbeddingsFromUploadInput!) {
  setEmbeddingsFromUpload(input: $input) {
    job { id kind state } replayed userErrors { code message field }
  }
}
"""
JOB = """
query ($id: ID!) { node(id: $id) { ... on BackgroundJob {
  id kind state doneCount totalCount message finishedAt createdBy { email }
  writtenEmbeddings { writtenCount rejectedCount errors { line error { code message field } } }
} } }
"""
OF_FILE = """
query ($id: ID!, $keys: [String!], $first: Int! = 50, $after: Int! = -1) {
  file(id: $id) { embeddings(keys: $keys) {
    key dimensions frameCount vector frames(first: $first, afterFrame: $after) { frame vector }
  } }
}
"""
KEYS = """
{ embeddings { key dimensions vectorCount metadataKey { name }
  index { state isServing doneCount totalCount message } } }
"""
METADATA = """
mutation ($id: ID!, $metadata: JSON!) {
  setFileMetadata(input: {items: [{fileId: $id, metadata: $metadata}]}) {
    results { userErrors { code message } } userErrors { code message }
  }
}
"""


def id_of(file: File) -> str:
    return ids.encode(Kind.FILE, file.id)


def packed(values: Sequence[float]) -> str:
    """As the scalar is written."""
    return base64.b64encode(np.array(values, dtype="<f4").tobytes()).decode()


def numbers(text: str | None) -> list[float] | None:
    """What a written vector holds."""
    return None if text is None else np.frombuffer(base64.b64decode(text), dtype="<f4").tolist()


async def has(api: Api, file: File | str, **more: Any) -> dict[str, Any]:
    """By key: the file's own vector, and those of its frames."""
    named = file if isinstance(file, str) else id_of(file)
    data = await api(OF_FILE, id=named, **more)
    return {
        one["key"]: {
            "vector": numbers(one["vector"]),
            "frames": {f["frame"]: numbers(f["vector"]) for f in one["frames"]},
        }
        for one in data["file"]["embeddings"]
    }


def whole(vector: list[float]) -> dict[str, Any]:
    """What a file has that has a vector of its own alone."""
    return {"vector": vector, "frames": {}}


async def put(api: Api, key: str, *items: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The results of setEmbeddings."""
    payload = await api.payload(SET, input={"key": key, "items": list(items), **more})
    found: list[dict[str, Any]] = payload["results"]
    return found


async def ended(api: Api, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    """The job once it has ended."""
    with anyio.fail_after(seconds):
        while True:
            found: dict[str, Any] = (await api(JOB, id=job["id"]))["node"]
            if found["state"] not in {"QUEUED", "RUNNING"}:
                return found
            await anyio.sleep(0.03)
