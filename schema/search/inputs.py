"""Filters and sorts of files, and how they become those of `app.search`."""

from typing import Annotated, Any

import strawberry

from app.core.errors import Invalid, Path
from app.core.ids import Kind
from app.embeddings.plots import RegionTest
from app.files.listings import Sort
from app.files.listings import SortField as FolderSortField
from app.search import filters
from app.search.filters import PlaceTest
from app.search.sorts import SortKey
from schema.files.comparisons import (
    ARGUMENT,
    NOWHERE,
    ByteSizeFilter,
    DateTimeFilter,
    FileTypeFilter,
    FloatFilter,
    IdFilter,
    IntFilter,
    StorageLocationFilter,
    StringFilter,
    known,
    members,
)
from schema.files.enums import SortDirection, SortField
from schema.search.metadata_inputs import MetadataFilter


@strawberry.input(description="A folder, perhaps with everything below it.")
class FolderPlaceFilter:
    """A test of where a file lies."""

    id: strawberry.ID = strawberry.field(description="The folder.")
    recursive: bool = strawberry.field(
        default=False, description="Whether folders below it count, too."
    )

    def test(self, at: Path) -> PlaceTest:  # noqa: ARG002  as other tests
        """The test. A folder that cannot be matches nothing."""
        (folder_id, *_) = [*known(Kind.FOLDER, [self.id]), NOWHERE]
        return PlaceTest(folder_id=folder_id, is_recursive=self.recursive)


@strawberry.input(
    description="A part of a plot of vectors: the file, or a frame of it, has a point there. Its edges belong to"
    " it."
)
class PlotRegionFilter:
    """A test of where a file's points lie."""

    plot_id: strawberry.ID = strawberry.field(
        description="The plot. One that there is not, or that you may not see, holds nothing."
    )
    x_min: float = strawberry.field(description="The left edge.")
    y_min: float = strawberry.field(description="The lower edge.")
    x_max: float = strawberry.field(description="The right edge.")
    y_max: float = strawberry.field(description="The upper edge.")

    def test(self, at: Path) -> RegionTest:
        """The test. A plot that cannot be matches nothing; edges that are the wrong way round are refused."""
        if self.x_min > self.x_max:
            raise Invalid("xMin is above xMax.", field=(*at, "x_min"))
        if self.y_min > self.y_max:
            raise Invalid("yMin is above yMax.", field=(*at, "y_min"))
        (plot_id, *_) = [*known(Kind.EMBEDDING_PLOT, [self.plot_id]), NOWHERE]
        edges = {name: getattr(self, name) for name in ("x_min", "y_min", "x_max", "y_max")}
        return RegionTest(plot_id=plot_id, **edges)


def _member(description: str, **options: Any) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description, **options)


@strawberry.input(
    description="Which files. Members that are given must all hold; an empty object matches every file. At most 5"
    " levels deep and 200 tests. A missing value is unequal to everything, is in no list, and lies within no"
    " bounds: ne, notIn and not hold for it."
)
class FileFilter:
    """A tree of tests."""

    and_: "list[FileFilter] | None" = _member("All of these hold.", name="and")
    or_: "list[FileFilter] | None" = _member("One of these holds; of none, none does.", name="or")
    not_: "FileFilter | None" = _member("This does not hold.", name="not")
    id: IdFilter | None = _member("The file's id.")
    name: StringFilter | None = _member("The file's name.")
    type: FileTypeFilter | None = _member("What the file is.")
    folder: FolderPlaceFilter | None = _member("Where the file lies.")
    folder_tags: list[str] | None = _member(
        "Names of tags, at most 1,000, all of which the folder that the file lies in has by itself. Exact and"
        " case-sensitive; a name that there is not matches nothing."
    )
    collection_id: IdFilter | None = _member(
        "A collection that the file is in, of those that you may see."
    )
    region: PlotRegionFilter | None = _member(
        "A part of a plot of vectors that one of the file's points lies in."
    )
    byte_size: ByteSizeFilter | None = _member("The file's size in bytes.")
    width: IntFilter | None = _member("Pixels; missing where it means nothing.")
    height: IntFilter | None = _member("Pixels; missing where it means nothing.")
    fps: FloatFilter | None = _member("Frames per second of a video.")
    duration_seconds: FloatFilter | None = _member("Seconds of video or sound.")
    frame_count: IntFilter | None = _member("Frames, images or slices.")
    created_at: DateTimeFilter | None = _member("When the file was registered.")
    updated_at: DateTimeFilter | None = _member("When the file last changed.")
    created_by: IdFilter | None = _member("The user who registered it.")
    mime_type: StringFilter | None = _member("The media type, such as video/mp4.")
    storage_location: StorageLocationFilter | None = _member("Whose store holds the bytes.")
    integration_id: IdFilter | None = _member("The connection to the store that holds the bytes.")
    is_component: bool | None = _member(
        "Whether it was made as a part of a composite. Such files are left out unless the filter names this"
        " member."
    )
    metadata: list[MetadataFilter] | None = _member(
        "Tests of declared metadata keys, all of which hold. Values that do not fit their key's type count as"
        " missing; typeErrors tells of them."
    )

    def tree(self, at: Path = ARGUMENT) -> filters.FileFilter:
        """The same for `app`; `at` is its path in the arguments."""
        given = members(self, at)
        return filters.FileFilter(**{name: _made(name, one, at) for name, one in given.items()})


_PLAIN = frozenset({"folder_tags", "is_component"})
_KINDS = {
    "id": Kind.FILE,
    "collection_id": Kind.COLLECTION,
    "created_by": Kind.USER,
    "integration_id": Kind.INTEGRATION,
}


@strawberry.input(one_of=True, description="What to sort by.")
class FileSortKey:
    """A key of a sort."""

    field: strawberry.Maybe[SortField] = strawberry.field(description="A field of the file.")
    metadata_key: strawberry.Maybe[str] = strawberry.field(
        description="A declared metadata key whose values have an order: any but TEXT, EMBEDDING and GEOSPATIAL."
    )


@strawberry.input(
    description="A sort key and its direction. Where there is no value, files come last in either direction; the"
    " id always breaks ties."
)
class FileSort:
    """One key."""

    by: FileSortKey = strawberry.field(description="What to sort by.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which way.")


Filter = Annotated[
    FileFilter | None, strawberry.argument(description="Which files; left out: all.")
]
Sorts = Annotated[
    list[FileSort] | None,
    strawberry.argument(description="At most three keys; left out: the oldest first."),
]


def tree_of(filter: FileFilter | None) -> filters.FileFilter:
    """The filter that was given; none matches all."""
    return filter.tree() if filter else filters.FileFilter()


def sort_of(sorts: list[FileSort] | None) -> tuple[SortKey, ...]:
    """The sort that was given."""
    return tuple(map(_sort_key, sorts or ()))


def folder_sort_of(sorts: list[FileSort] | None) -> Sort:
    """The sort of folders that was given. Raises Invalid for more than one key, and for what folders lack."""
    keys = sort_of(sorts)
    if len(keys) > 1:
        raise Invalid("One sort key at most for folders; the id breaks ties.", field=("sort",))
    for one in keys:
        if one.field is None or one.field.value not in set(FolderSortField):
            message = "Folders are sorted by CREATED_AT or by NAME."
            raise Invalid(message, field=("sort", 0, "by"))
        return Sort(FolderSortField(one.field), one.is_descending)
    return Sort()


def _sort_key(one: FileSort) -> SortKey:
    is_descending = one.direction is SortDirection.DESC
    if one.by.field is not None:
        return SortKey(field=one.by.field.value, is_descending=is_descending)
    assert one.by.metadata_key is not None  # noqa: S101  exactly one of the two
    return SortKey(metadata_key=one.by.metadata_key.value, is_descending=is_descending)


def _made(name: str, given: Any, at: Path) -> Any:
    """A member of a filter for `app`."""
    place = (*at, name.rstrip("_"))
    match name:
        case "and_" | "or_":
            return [one.tree((*place, position)) for position, one in enumerate(given)]
        case "not_":
            return given.tree(place)
        case "metadata":
            return [one.test((*place, position)) for position, one in enumerate(given)]
    if name in _PLAIN:
        return given
    kind = _KINDS.get(name)
    return given.test(place) if kind is None else given.test(place, kind)
