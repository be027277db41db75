"""Makes the demo's pictures searchable: by how they look, and by what their captions mean."""

from typing import Any

from rich.console import Console

from app.client.graphql import Api
from app.embeddings import local_models
from app.embeddings.encoder_errors import ModelMissing
from app.embeddings.local_models import INSTALL, MODELS, LocalModel

LOOK, MEANING = "look", "meaning"
KEYS = {LOOK: LocalModel.OPEN_NSFW_FEATURES, MEANING: LocalModel.ALL_MINILM_L6_V2}
"""The embeddings and the models that make their vectors."""

STATE = "{ embeddings { key vectorCount } }"
NEW_KEY = """
mutation NewKey($input: AddMetadataEmbeddingInput!) {
  addMetadataEmbedding(input: $input) { userErrors { message field } }
}
"""
SET = """
mutation SetEncoder($input: SetEmbeddingEncoderInput!) {
  setEmbeddingEncoder(input: $input) { userErrors { message field } }
}
"""
COMPUTE = """
mutation Compute($input: ComputeEmbeddingsInput!) {
  computeEmbeddings(input: $input) { userErrors { message field } job { id } }
}
"""
PROGRESS = """
subscription Progress($jobId: ID!, $after: EventCursor) {
  backgroundJobProgress(jobId: $jobId, after: $after) {
    cursor job { state message computedEmbeddings { encodedCount } }
  }
}
"""
CAPTIONS = """
query Captions { files(first: 1000) { nodes { id metadata(keys: ["caption"]) } } }
"""
ENCODE = """
query Encode($key: String!, $text: String!) { encodeText(key: $key, text: $text) { vector } }
"""
WRITE = """
mutation Write($input: SetEmbeddingsInput!) {
  setEmbeddings(input: $input) { userErrors { message field } }
}
"""


async def give(api: Api, console: Console) -> None:
    """Make the vectors that are missing, if the models are installed."""
    found = {one["key"]: one["vectorCount"] for one in (await api.ask(STATE))["embeddings"]}
    if all(found.get(key) for key in KEYS):
        return
    try:
        for model in KEYS.values():
            local_models.check_installed(model)
    except ModelMissing:
        console.print(f"Without the models there is no search for similar files: {INSTALL}")
        return
    for key, model in KEYS.items():
        await _set(api, key, model, is_new=key not in found)
    pictures, captions = await _look(api), await _read(api)
    console.print(f"{pictures} pictures and {captions} captions can be searched for similar ones.")


async def _set(api: Api, key: str, model: LocalModel, *, is_new: bool) -> None:
    if is_new:
        await api.change(NEW_KEY, input={"key": key, "dimensions": MODELS[model].dimensions})
    await api.change(SET, input={"key": key, "encoder": {"local": {"model": model.value}}})


async def _look(api: Api) -> int:
    """Have vectors made of the pictures; of how many."""
    job = (await api.change(COMPUTE, input={"key": LOOK}))["job"]
    state: dict[str, Any] = {}
    async for event in api.follow(PROGRESS, jobId=job["id"]):
        state = event["job"]
    computed = state.get("computedEmbeddings") or {"encodedCount": 0}
    count: int = computed["encodedCount"]
    return count


async def _read(api: Api) -> int:
    """Make vectors of the captions; of how many."""
    files = (await api.ask(CAPTIONS))["files"]["nodes"]
    captions = {one["id"]: (one["metadata"] or {}).get("caption") for one in files}
    items = [
        {"fileId": file_id, "vector": await _vector(api, caption)}
        for file_id, caption in captions.items()
        if caption
    ]
    if items:
        await api.change(WRITE, input={"key": MEANING, "items": items})
    return len(items)


async def _vector(api: Api, text: str) -> str:
    found: str = (await api.ask(ENCODE, key=MEANING, text=text))["encodeText"]["vector"]
    return found
