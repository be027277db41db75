"""Runs local models in a process of their own: neither the event loop nor the server's memory bears them."""

from functools import partial
from pathlib import Path
from typing import Any

from app.core.runtime import Runtime
from app.embeddings import local_models
from app.embeddings.encoder_errors import EncoderAway, PictureRefused
from app.embeddings.local_models import LocalModel
from app.media import sandbox
from app.media.errors import MediaError
from app.media.sandbox import Sandbox

SECONDS = 60.0
"""For one text or picture, the loading of the model at the first included."""
MODULE = "app.embeddings.model_child"


async def of_text(runtime: Runtime, model: LocalModel, text: str) -> list[float]:
    """The vector of a text, of no certain length."""
    return await _asked(runtime, model, {"text": text})


async def of_picture(runtime: Runtime, model: LocalModel, path: Path, name: str) -> list[float]:
    """The vector of the picture in a file. Raises PictureRefused if it cannot be decoded."""
    return await _asked(runtime, model, {"path": str(path), "name": name})


async def _asked(runtime: Runtime, model: LocalModel, what: dict[str, Any]) -> list[float]:
    local_models.check_installed(model)
    process = await _process(runtime)
    request = what | {"model": model.value, "seconds": SECONDS}
    try:
        answer: list[float] = await process.ask(request, what.get("name", "The text"))
    except MediaError as error:
        if "text" in what:  # any text can be read: it was the process that died
            raise EncoderAway(f"The model {model.value} gave no answer.") from error
        raise PictureRefused(error.message) from error
    return answer


async def _process(runtime: Runtime) -> Sandbox:
    """The one that this process keeps: it takes one request at a time, and comes back if it dies."""
    memory_bytes = runtime.settings.encoder_memory_bytes
    opening = partial(sandbox.opened, children=1, memory_bytes=memory_bytes, module=MODULE)
    return await runtime.held.get("local models", opening)
