"""The vectors of a file as clients see them."""

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from app.core.halfvec import Floats
from app.embeddings import reading
from app.embeddings.reading import FileVectors
from app.embeddings.tables import WHOLE_FILE
from schema.context import Info
from schema.loading import looked_up, related
from schema.scalars import SafeInt, Vector

MOST_FRAMES = 1_000


@strawberry.type(description="The vector of one frame.")
class FrameEmbedding:
    """One frame."""

    frame: int = strawberry.field(description="Its number, from 0.")
    place: strawberry.Private[reading.Spot]

    @strawberry.field(description="The vector, rounded to half precision as it is kept.")
    def vector(self, info: Info) -> Vector | None:
        return related(info, reading.vectors, self.place, _sent)


@strawberry.type(description="The vectors of one embedding key that a file has.")
class FileEmbedding:
    """One key."""

    key: str = strawberry.field(description="The key of the metadata schema.")
    dimensions: int = strawberry.field(description="How many numbers a vector has.")
    frame_count: SafeInt = strawberry.field(description="How many frames have a vector.")
    found: strawberry.Private[FileVectors]

    @strawberry.field(
        description="The vector of the file as a whole, rounded to half precision as it is kept; null if only"
        " frames have one."
    )
    def vector(self, info: Info) -> Vector | None:
        place = (self.found.table, self.found.file_id, WHOLE_FILE)
        return related(info, reading.vectors, place if self.found.is_whole else None, _sent)

    @strawberry.field(description="The frames that have a vector, in order.")
    def frames(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description="How many, 0 to 1,000; default 50.")
        ] = 50,
        after_frame: Annotated[
            int, strawberry.argument(description="Begin behind this frame; default: at the start.")
        ] = WHOLE_FILE,
    ) -> list[FrameEmbedding]:
        found = self.found
        after = max(after_frame, WHOLE_FILE)
        wanted = (found.table, found.file_id, after, max(0, min(first, MOST_FRAMES)))

        def each(frames: Sequence[int] | None) -> list[FrameEmbedding]:
            return [
                FrameEmbedding(frame=frame, place=(found.table, found.file_id, frame))
                for frame in frames or ()
            ]

        return looked_up(info, reading.frames, wanted, each)

    @classmethod
    def each(cls, found: Sequence[FileVectors] | None) -> list[Self]:
        """The public forms of what was found."""
        return [
            cls(
                key=one.key,
                dimensions=one.dimensions,
                frame_count=SafeInt(one.frame_count),
                found=one,
            )
            for one in found or ()
        ]


def _sent(components: Floats) -> Vector:
    return Vector(components)
