"""Making composites of files that are there."""

from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.errors import Invalid
from app.core.ids import Kind
from app.files import composites
from app.files.composites import Arrangement
from app.files.layouts import Custom, LayoutType, Tile
from schema.context import Info
from schema.files.file_mutations import keys
from schema.files.types import File
from schema.inputs import IdempotencyKey, given
from schema.mutations import Payload, change
from schema.scalars import Json

What = strawberry.argument(description="What to make.")


@strawberry.input(description="A file and its name in a layout.")
class FileTileInput:
    """One tile."""

    key: str = strawberry.field(description="1 to 255 characters, different for each tile.")
    file_id: strawberry.ID = strawberry.field(description="The file.")
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="What to show above it, up to 255 characters."
    )
    is_read_only: bool = strawberry.field(
        default=False, description="Whether it cannot be labelled."
    )


@strawberry.input(description="A layout of your own.")
class CustomFileLayoutInput:
    """A tree of splits."""

    contents: list[FileTileInput] = strawberry.field(
        description="The tiles, 1 to 1,000. Each must be shown in the layout, once."
    )
    layout: Json = strawberry.field(
        description='A tree of at most 32 levels. A split is `{"direction": "row" or "column", "first": node,'
        ' "second": node, "splitPercentage": 5 to 95}`. A leaf is `{"type": "data_unit", "key": key}`, or'
        ' `{"type": "data_unit_list", "keys": [key], "carouselPosition": "left", "right", "top" or "bottom",'
        ' "carouselSize": 10 to 70}`.'
    )
    timeline: list[str] = strawberry.field(
        default_factory=list, description="Keys of tiles that share one timeline."
    )
    is_fixed: bool = strawberry.field(
        default=False, description="Whether people cannot rearrange the tiles."
    )
    has_multilayer_labels: bool = strawberry.field(
        default=False,
        description="Whether labels lie over all tiles; for images of one aspect ratio only.",
    )


@strawberry.input(one_of=True, description="Which files, and how they are shown.")
class FileLayoutInput:
    """One layout."""

    grid: strawberry.Maybe[list[strawberry.ID]] = strawberry.field(
        description="Files in a grid, 1 to 1,000."
    )
    list_: strawberry.Maybe[list[strawberry.ID]] = strawberry.field(
        name="list", description="Files one at a time, with a carousel to choose; 1 to 1,000."
    )
    custom: strawberry.Maybe[CustomFileLayoutInput] = strawberry.field(
        description="A layout of your own."
    )

    def arrangement(self) -> Arrangement:
        """The same for `app`."""
        if self.grid:
            return Arrangement(keys(self.grid.value), LayoutType.GRID)
        if self.list_:
            return Arrangement(keys(self.list_.value), LayoutType.LIST)
        if self.custom:
            return _custom(self.custom.value)
        raise Invalid("Choose a layout.", field=("layout",))


def _custom(asked: CustomFileLayoutInput) -> Arrangement:
    tiles = {
        tile.key: Tile(given(tile.title), tile.is_read_only)
        for tile in asked.contents
        if given(tile.title) is not None or tile.is_read_only
    }
    layout = Custom(
        keys=[tile.key for tile in asked.contents],
        tree=asked.layout,
        timeline=asked.timeline,
        is_fixed=asked.is_fixed,
        tiles=tiles,
        has_multilayer_labels=asked.has_multilayer_labels,
    )
    return Arrangement(keys([tile.file_id for tile in asked.contents]), layout)


@strawberry.input(description="A data group to make: files that are shown and labelled together.")
class CreateFileGroupInput:
    """Input of createFileGroup."""

    folder_id: strawberry.ID = strawberry.field(description="The folder to put it into.")
    name: str = strawberry.field(description="1 to 300 characters.")
    layout: FileLayoutInput = strawberry.field(
        description="Its files, each once, and how they are shown. They may lie in any folder that you may use."
    )
    client_metadata: Json | None = strawberry.field(
        default=strawberry.UNSET, description="A JSON object of at most 10 MiB."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="An image group to make of images that are registered already.")
class CreateImageGroupInput:
    """Input of createImageGroup."""

    folder_id: strawberry.ID = strawberry.field(description="The folder to put it into.")
    name: str = strawberry.field(description="1 to 300 characters.")
    file_ids: list[strawberry.ID] = strawberry.field(
        description="The images in order, 1 to 1,000, each once. They stay files of their own."
    )
    client_metadata: Json | None = strawberry.field(
        default=strawberry.UNSET, description="A JSON object of at most 10 MiB."
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.interface(description="What the answers about a new composite have.")
class CompositePayload(Payload):
    """The composite."""

    @strawberry.field(description="The new file; null if it was refused.")
    async def file(self, info: Info) -> File | None:
        return await File.load(info, self.answer.get("file"))


@strawberry.type(description="Answer to createFileGroup.")
class CreateFileGroupPayload(CompositePayload):
    """The new data group."""


@strawberry.type(description="Answer to createImageGroup.")
class CreateImageGroupPayload(CompositePayload):
    """The new image group."""


@strawberry.type
class CompositeMutation:
    """The composites' share of Mutation."""

    @strawberry.mutation(description="Make a data group of files that are there.")
    async def create_file_group(
        self, info: Info, input: Annotated[CreateFileGroupInput, What]
    ) -> CreateFileGroupPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            group = await composites.create_file_group(
                tx,
                actor,
                folder_id=ids.decode(Kind.FOLDER, input.folder_id),
                name=input.name,
                arrangement=input.layout.arrangement(),
                client_metadata=given(input.client_metadata),
            )
            return {"file": group.id.hex}

        return await change(info, CreateFileGroupPayload, input, work)

    @strawberry.mutation(
        description="Make an image group of images that are there. Sequences are made by registerFiles."
    )
    async def create_image_group(
        self, info: Info, input: Annotated[CreateImageGroupInput, What]
    ) -> CreateImageGroupPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, Any]:
            group = await composites.create_image_group(
                tx,
                actor,
                folder_id=ids.decode(Kind.FOLDER, input.folder_id),
                name=input.name,
                file_ids=keys(input.file_ids),
                client_metadata=given(input.client_metadata),
            )
            return {"file": group.id.hex}

        return await change(info, CreateImageGroupPayload, input, work)
