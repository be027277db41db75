"""Makes vectors of texts and pictures, as the encoder of an embedding key does it."""

import math
import tempfile
from collections import OrderedDict
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio

from app.accounts.actor import Actor
from app.core import texts
from app.core.errors import Invalid, TooLarge
from app.core.errors import Path as Field
from app.core.runtime import Runtime
from app.embeddings import encoder_kinds, encoder_queries, endpoint, local, local_models, openai
from app.embeddings.encoder_errors import EncoderMissing, EncoderUnable, EncoderWrong
from app.embeddings.encoder_kinds import Kind, Local, OpenAi, Service

LONGEST_TEXT = 8_192
MOST_IMAGE_BYTES = 16 * 2**20
"""Of a picture that is sent to an endpoint."""
KEPT_TEXTS = 1_000
"""A person pages through what they have searched for: the vectors of the last texts are kept."""


@dataclass(frozen=True, slots=True)
class KeyEncoder:
    """The encoder of one embedding key. Its vectors have the length 1."""

    organisation_id: UUID
    key_name: str
    key_number: int
    dimensions: int
    revision: int
    kind: Kind

    @property
    def takes_texts(self) -> bool:
        """Whether it makes vectors of texts."""
        match self.kind:
            case OpenAi():
                return True
            case Service():
                return self.kind.text_path is not None
            case Local():
                return not local_models.MODELS[self.kind.model].takes_images

    @property
    def takes_images(self) -> bool:
        """Whether it makes vectors of pictures."""
        match self.kind:
            case OpenAi():
                return False
            case Service():
                return self.kind.image_path is not None
            case Local():
                return local_models.MODELS[self.kind.model].takes_images

    async def of_text(self, runtime: Runtime, text: str) -> list[float]:
        """The vector of a text of 1 to 8,192 characters."""
        known = await runtime.held.get("encoded texts", lambda: nullcontext(Known()))
        asked = (self.organisation_id, self.key_number, self.revision, text)
        if (vector := known.get(asked)) is not None:
            return vector
        vector = unit(await self._of_text(runtime, text), self)
        known.put(asked, vector)
        return vector

    async def of_file(self, runtime: Runtime, path: Path, name: str) -> list[float]:
        """The vector of the picture in a file; `name` is what messages call it."""
        return unit(await self._of_file(runtime, path, name), self)

    async def _of_text(self, runtime: Runtime, text: str) -> Any:
        match self.kind:
            case OpenAi():
                return await openai.of_text(runtime, self.kind, text, self.dimensions)
            case Service(text_path=str(path)):
                return await endpoint.of_text(runtime, self.kind, path, text)
            case Local(model=model) if self.takes_texts:
                return await local.of_text(runtime, model, text)
        raise EncoderUnable(f"The encoder of {self.key_name!r} knows pictures only, and no texts.")

    async def _of_file(self, runtime: Runtime, path: Path, name: str) -> Any:
        match self.kind:
            case Service(image_path=str(image_path)):
                data = await _bytes(path, name)
                return await endpoint.of_image(runtime, self.kind, image_path, data)
            case Local(model=model) if self.takes_images:
                return await local.of_picture(runtime, model, path, name)
        raise EncoderUnable(f"The encoder of {self.key_name!r} knows texts only, and no pictures.")


async def encoder_of(
    runtime: Runtime, actor: Actor, key_name: str, *, field: Field = ("key",)
) -> KeyEncoder:
    """The encoder of a key. Raises NotFound for what is no embedding, and EncoderMissing."""
    async with runtime.db.read(actor.scope) as session:
        found = await encoder_queries.encoded_key(session, actor, key_name, field=field)
    row = found.encoder
    if row is None:
        raise EncoderMissing(key_name, field=field)
    return KeyEncoder(
        organisation_id=row.organisation_id,
        key_name=key_name,
        key_number=row.key_number,
        dimensions=found.dimensions,
        revision=row.revision,
        kind=encoder_kinds.of_row(row, runtime.secret),
    )


async def encode_text(
    runtime: Runtime,
    actor: Actor,
    key_name: str,
    text: str,
    *,
    field: Field = ("text",),
    key_field: Field = ("key",),
) -> list[float]:
    """The vector of a text, of length 1, as the key's encoder makes it.

    Raises classes of `encoder_errors`: EncoderMissing without an encoder, EncoderUnable if it takes pictures
    only, EncoderAway if it does not answer.
    """
    if not text.strip():
        raise Invalid("The text is empty.", field=field)
    texts.checked(text, field=field, most=LONGEST_TEXT)
    encoder = await encoder_of(runtime, actor, key_name, field=key_field)
    if not encoder.takes_texts:
        raise EncoderUnable(
            f"The encoder of {key_name!r} knows pictures only: search with a file, or use an embedding"
            " whose encoder takes texts.",
            field=field,
        )
    return await encoder.of_text(runtime, text)


async def encode_image(runtime: Runtime, actor: Actor, key_name: str, data: bytes) -> list[float]:
    """The vector of an encoded picture, such as the bytes of a PNG; of length 1."""
    encoder = await encoder_of(runtime, actor, key_name)
    with tempfile.TemporaryDirectory(prefix="labelgraph-picture-") as folder:
        path = Path(folder, "picture")
        await anyio.Path(path).write_bytes(data)
        return await encoder.of_file(runtime, path, "The picture")


def unit(values: Any, encoder: KeyEncoder) -> list[float]:
    """The vector at length 1. Raises EncoderWrong if it is none of the key's dimension."""
    is_vector = isinstance(values, list) and all(type(value) in {int, float} for value in values)
    if not is_vector:
        raise EncoderWrong("The encoder's answer is no list of numbers.")
    if len(values) != encoder.dimensions:
        raise EncoderWrong(
            f"The encoder makes vectors of {len(values):,} numbers, and {encoder.key_name!r} has"
            f" {encoder.dimensions:,}: set another model, or another key."
        )
    try:
        length = math.hypot(*values)
    except OverflowError:  # whole numbers that no double holds
        length = math.inf
    if not (math.isfinite(length) and length > 0):
        raise EncoderWrong("The encoder's vector is zero, or is not finite.")
    return [value / length for value in values]


async def _bytes(path: Path, name: str) -> bytes:
    byte_size = (await anyio.Path(path).stat()).st_size
    if byte_size > MOST_IMAGE_BYTES:
        raise TooLarge(f"{name} has {byte_size:,} bytes; at most {MOST_IMAGE_BYTES:,} are sent.")
    return await anyio.Path(path).read_bytes()


@dataclass(slots=True)
class Known:
    """The vectors of the last texts of this process; the longest unused goes first."""

    kept: OrderedDict[tuple[Any, ...], list[float]] = field(default_factory=OrderedDict)

    def get(self, asked: tuple[Any, ...]) -> list[float] | None:
        """The vector, if it is known."""
        if asked in self.kept:
            self.kept.move_to_end(asked)
        return self.kept.get(asked)

    def put(self, asked: tuple[Any, ...], vector: list[float]) -> None:
        """Keep one."""
        self.kept[asked] = vector
        if len(self.kept) > KEPT_TEXTS:
            self.kept.popitem(last=False)
