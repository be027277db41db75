"""Encoders of one's own: `{"texts": […]}` or `{"images": [base64, …]}` in, `{"embeddings": [[…], …]}` out."""

from base64 import b64encode
from typing import Any

from app.core.runtime import Runtime
from app.embeddings import outgoing
from app.embeddings.encoder_errors import EncoderWrong
from app.embeddings.encoder_kinds import Service
from app.embeddings.outgoing import Call


async def of_text(runtime: Runtime, kind: Service, path: str, text: str) -> Any:
    """What stands where the vector of a text should."""
    return await _first(runtime, kind, path, {"texts": [text]})


async def of_image(runtime: Runtime, kind: Service, path: str, data: bytes) -> Any:
    """What stands where the vector of a picture should; it is sent as it is stored."""
    return await _first(runtime, kind, path, {"images": [b64encode(data).decode()]})


async def _first(runtime: Runtime, kind: Service, path: str, body: dict[str, Any]) -> Any:
    endpoint = outgoing.parsed(kind.url, ())
    answer = await outgoing.post(runtime, Call(endpoint, path, body, kind.secret))
    try:
        return answer["embeddings"][0]
    except (LookupError, TypeError) as error:
        raise EncoderWrong('The encoder\'s answer has no {"embeddings": [[…]]}.') from error
