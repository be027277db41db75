"""The child process that runs local models: texts or a picture on a line of its input, a vector on its output.

Pictures are decoded here, too, under the limits of this process. Each model is loaded when it is first asked for.
"""

from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.embeddings import local_models
from app.embeddings.local_models import LocalModel
from app.media import child, pixels
from app.media.errors import rejected

Floats = NDArray[np.float32]

MOST_TOKENS = 256
"""What comes later in a text is left out: the model was trained on no more."""
POOLED = "/ReduceMean_output_0"
"""The last tensor of the picture model before it judges: the mean over all places of what was seen there."""
SIDE = 224
BORDER = 16
"""The picture is scaled to 256 x 256, and this much of each side is cut off."""
MEAN_BGR = np.array([104, 117, 123], np.float32)
"""Of the pictures that the model was trained on."""


class Encodes(Protocol):
    """A loaded model."""

    def __call__(self, request: dict[str, Any]) -> Floats:
        """The vector of what is asked for."""


def encoded(request: dict[str, Any]) -> list[float]:
    """The vector of `text` or of the picture at `path`, of no certain length."""
    try:
        vector: list[float] = loaded(LocalModel(request["model"]))(request).tolist()
    except MemoryError:
        raise rejected(request.get("name", "The text"), "takes too much memory.") from None
    return vector


@cache
def loaded(model: LocalModel) -> Encodes:
    """The model, read from its package's files."""
    described = local_models.MODELS[model]
    weights = local_models.file_of(described.weights).read_bytes()
    if described.tokenizer is None:
        return _Pictures(weights)
    return _Sentences(weights, local_models.file_of(described.tokenizer))


class _Sentences:
    """A sentence transformer: the mean of what it says of each token."""

    def __init__(self, weights: bytes, tokenizer: Path) -> None:
        from tokenizers import Tokenizer  # noqa: PLC0415 - of an extra

        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._session = _session(weights)

    def __call__(self, request: dict[str, Any]) -> Floats:
        tokens = np.array([self._tokenizer.encode(request["text"]).ids], np.int64)
        told = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        mean: Floats = self._session.run(None, told)[0][0].mean(axis=0)
        return mean


class _Pictures:
    """A network for pictures of 224 x 224 pixels, blue first."""

    def __init__(self, weights: bytes) -> None:
        self._session = _session(with_output(weights, POOLED))

    def __call__(self, request: dict[str, Any]) -> Floats:
        side = SIDE + 2 * BORDER
        image = pixels.scaled(Path(request["path"]), request["name"], (side, side))
        seen = np.asarray(image, np.float32)[BORDER:-BORDER, BORDER:-BORDER, ::-1] - MEAN_BGR
        pooled: Floats = self._session.run([POOLED], {"input_0": seen[np.newaxis]})[0]
        return pooled.reshape(-1)


def _session(weights: bytes) -> Any:
    import onnxruntime  # noqa: PLC0415 - of an extra

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it keeps what the longest text once needed
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def with_output(model: bytes, tensor: str) -> bytes:
    """An ONNX model that tells this tensor of its graph, too.

    A message of protocol buffers is extended by what follows it: here ModelProto.graph (7), with a
    GraphProto.output (12) in it, of which only ValueInfoProto.name (1) is said.
    """
    return model + _field(7, _field(12, _field(1, tensor.encode())))


def _field(number: int, value: bytes) -> bytes:
    """A member of a message, length first; below 128 bytes that is a single one."""
    if len(value) > 127:
        raise ValueError(f"{len(value)} bytes have a longer length.")
    return bytes([number << 3 | 2, len(value)]) + value


if __name__ == "__main__":
    child.serve(encoded)
