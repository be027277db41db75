"""Encoders that speak OpenAI's embeddings API, as many servers of models do."""

from typing import Any

from app.core.runtime import Runtime
from app.embeddings import outgoing
from app.embeddings.encoder_errors import EncoderWrong
from app.embeddings.encoder_kinds import OpenAi
from app.embeddings.outgoing import Call


async def of_text(runtime: Runtime, kind: OpenAi, text: str, dimensions: int) -> Any:
    """What stands where the vector of a text should."""
    body: dict[str, Any] = {"model": kind.model, "input": text, "encoding_format": "float"}
    if kind.asks_dimensions:
        body["dimensions"] = dimensions
    endpoint = outgoing.parsed(kind.url, ())
    answer = await outgoing.post(runtime, Call(endpoint, "/embeddings", body, kind.secret))
    try:
        return answer["data"][0]["embedding"]
    except (LookupError, TypeError) as error:
        raise EncoderWrong(
            'The encoder\'s answer has no {"data": [{"embedding": […]}]}.'
        ) from error
