"""What background jobs do and where they stand, in words."""

from app.background.models import JobKind, JobState
from schema import enums

enums.public(
    JobKind,
    "What a background job does. The list grows: have a default branch.",
    {
        JobKind.SET_EMBEDDINGS: "Writes the vectors of an uploaded file. A step is a line of it.",
        JobKind.EMBEDDING_RECALL: "Measures how much of the truth similarity search finds. A step is a query.",
        JobKind.NEAR_DUPLICATES: "Looks for files that are nearly the same. A step is a vector.",
        JobKind.EMBEDDING_PLOT: "Lays vectors out in a plane. A step is a vector.",
        JobKind.COLLECT: "Puts what a preset finds into a collection, or takes it out. A step is a file.",
        JobKind.COMPUTE_EMBEDDINGS: "Makes vectors of images. A step is an image.",
    },
    name="BackgroundJobKind",
)
enums.public(
    JobState,
    "Where a background job stands. Only QUEUED and RUNNING move.",
    {
        JobState.QUEUED: "Waits for a worker.",
        JobState.RUNNING: "Is being worked on.",
        JobState.DONE: "Has ended well; its result is there.",
        JobState.ERROR: "Has failed; message says why. What was done before stays.",
        JobState.CANCELLED: "Was stopped; what was done before stays.",
    },
    name="BackgroundJobState",
)

__all__ = ["JobKind", "JobState"]
