"""The enumerations of encoders."""

from app.embeddings.local_models import LocalModel
from app.embeddings.models import EncoderKind
from schema import enums

enums.public(
    EncoderKind,
    "Who makes vectors of texts and pictures. The list grows: have a default branch.",
    {
        EncoderKind.OPENAI: "An HTTP endpoint that speaks OpenAI's embeddings API. It takes texts only.",
        EncoderKind.ENDPOINT: "An HTTP endpoint of your own, with a path for texts, one for images, or both.",
        EncoderKind.LOCAL: "A model in a Python package on the server. Nothing leaves the machine.",
    },
)
enums.public(
    LocalModel,
    "The models that a server can run itself, if its operator installed the extra `models`. The list grows.",
    {
        LocalModel.ALL_MINILM_L6_V2: "all-MiniLM-L6-v2: English sentences, 384 numbers. Of longer texts the first"
        " 256 tokens count, about 200 words.",
        LocalModel.OPEN_NSFW_FEATURES: "Pictures, 1,024 numbers: what the last layer but one of a residual network"
        " for photographs sees. It finds pictures that look alike; it knows no texts.",
    },
    name="LocalEmbeddingModel",
)

__all__ = ["EncoderKind", "LocalModel"]
