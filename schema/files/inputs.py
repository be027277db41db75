"""Filters and sorts of files and folders, and how they become those of `app.files`."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.core.errors import Invalid, TooLarge
from app.core.ids import Kind
from app.files import filters
from app.files.listings import Sort
from schema.files.comparisons import (
    ByteSizeFilter,
    DateTimeFilter,
    FileTypeFilter,
    FolderPlaceFilter,
    IdFilter,
    StorageLocationFilter,
    StringFilter,
    known,
    member,
)
from schema.files.enums import SortDirection, SortField

MOST_KEYS = 1_000


@strawberry.input(
    description="Which files. Members that are given must all hold; an empty object matches every file. At most 5"
    " levels deep and 200 tests."
)
class FileFilter:
    """A tree of tests."""

    and_: "list[FileFilter] | None" = strawberry.field(
        name="and", default=strawberry.UNSET, description="All of these hold."
    )
    or_: "list[FileFilter] | None" = strawberry.field(
        name="or", default=strawberry.UNSET, description="One of these holds; of none, none does."
    )
    not_: "FileFilter | None" = strawberry.field(
        name="not", default=strawberry.UNSET, description="This does not hold."
    )
    id: IdFilter | None = strawberry.field(default=strawberry.UNSET, description="The file's id.")
    name: StringFilter | None = strawberry.field(
        default=strawberry.UNSET, description="The file's name."
    )
    type: FileTypeFilter | None = strawberry.field(
        default=strawberry.UNSET, description="What the file is."
    )
    folder: FolderPlaceFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Where the file lies."
    )
    created_at: DateTimeFilter | None = strawberry.field(
        default=strawberry.UNSET, description="When the file was registered."
    )
    byte_size: ByteSizeFilter | None = strawberry.field(
        default=strawberry.UNSET, description="The file's size in bytes."
    )
    storage_location: StorageLocationFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Whose store holds the bytes."
    )
    is_component: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether it was made as a part of a composite. Such files are left out unless the filter"
        " names this member.",
    )

    def tree(self) -> filters.FileFilter:
        """The same for `app`."""
        return filters.FileFilter(
            and_=_trees(member(self.and_, "and")),
            or_=_trees(member(self.or_, "or")),
            not_=_tree(member(self.not_, "not")),
            id=_test(self.id, "id", Kind.FILE),
            name=_test(self.name, "name"),
            type=_test(self.type, "type"),
            folder=_test(self.folder, "folder"),
            created_at=_test(self.created_at, "createdAt"),
            byte_size=_test(self.byte_size, "byteSize"),
            storage_location=_test(self.storage_location, "storageLocation"),
            is_component=member(self.is_component, "isComponent"),
        )


@strawberry.input(description="Which folders. Members that are given must all hold.")
class FolderFilter:
    """Tests of folders."""

    id: IdFilter | None = strawberry.field(default=strawberry.UNSET, description="The folder's id.")
    name: StringFilter | None = strawberry.field(
        default=strawberry.UNSET, description="The folder's name."
    )
    created_at: DateTimeFilter | None = strawberry.field(
        default=strawberry.UNSET, description="When the folder was made."
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Names of tags, all of which the folder has. Exact and case-sensitive; unknown names are an"
        " error that lists them.",
    )

    def tests(self) -> filters.FolderFilter:
        """The same for `app`."""
        return filters.FolderFilter(
            id=_test(self.id, "id", Kind.FOLDER),
            name=_test(self.name, "name"),
            created_at=_test(self.created_at, "createdAt"),
            tags=member(self.tags, "tags"),
        )


@strawberry.input(
    description="Which integrations. Members that are given must all hold; at most 1,000 of each."
)
class IntegrationFilter:
    """Tests of integrations."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="One of these."
    )
    titles: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="With one of these titles, exactly."
    )


@strawberry.input(one_of=True, description="What to sort by.")
class FileSortKey:
    """A key of a sort."""

    field: strawberry.Maybe[SortField] = strawberry.field(description="A field of the file.")


@strawberry.input(description="A sort key and its direction. The id always breaks ties.")
class FileSort:
    """One key."""

    by: FileSortKey = strawberry.field(description="What to sort by.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which way.")


Filter = Annotated[
    FileFilter | None, strawberry.argument(description="Which files; left out: all.")
]
FolderFilters = Annotated[
    FolderFilter | None, strawberry.argument(description="Which folders; left out: all.")
]
Sorts = Annotated[
    list[FileSort] | None,
    strawberry.argument(description="At most one key so far; left out: the oldest first."),
]
IncludeBelow = Annotated[
    bool, strawberry.argument(description="Whether what lies in folders below counts, too.")
]
WholeOrganisation = Annotated[
    bool,
    strawberry.argument(
        description="For administrators of the organisation: list what nobody shares with them, too."
    ),
]


def key(kind: Kind, public_id: strawberry.ID) -> UUID | None:
    """The key of a public id; None if it cannot be one of this kind."""
    return next(iter(known(kind, [public_id])), None)


def checked_keys(names: list[str] | None) -> tuple[str, ...] | None:
    """Keys of client metadata that were asked for. Raises Invalid for more than 1,000."""
    if names is not None and len(names) > MOST_KEYS:
        raise Invalid(f"{len(names):,} keys; at most {MOST_KEYS:,}.", field=("keys",))
    return None if names is None else tuple(sorted(set(names)))


def tree_of(filter: FileFilter | None) -> filters.FileFilter:
    """The filter that was given; none matches all."""
    return filter.tree() if filter else filters.FileFilter()


def tests_of(filter: FolderFilter | None) -> filters.FolderFilter:
    """The filter that was given; none matches all."""
    return filter.tests() if filter else filters.FolderFilter()


def integration_tests(
    filter: IntegrationFilter | None,
) -> tuple[list[UUID] | None, list[str] | None]:
    """The ids and the titles that were given. Raises TooLarge for too many."""
    if not filter:
        return None, None
    public_ids, titles = member(filter.ids, "ids"), member(filter.titles, "titles")
    for listed in (public_ids, titles):
        if listed is not None and len(listed) > filters.MOST_LISTED:
            raise TooLarge(f"At most {filters.MOST_LISTED:,} in one list.", field=("filter",))
    keys = None if public_ids is None else known(Kind.INTEGRATION, public_ids)
    return keys, titles


def sort_of(sorts: list[FileSort] | None) -> Sort:
    """The sort that was given. Raises Invalid for more than one key."""
    keys = sorts or []
    if len(keys) > 1:
        raise Invalid("One sort key at most; the id breaks ties.", field=("sort",))
    if not keys or keys[0].by.field is None:
        return Sort()
    return Sort(keys[0].by.field.value, keys[0].direction is SortDirection.DESC)


def _test(filter: Any, name: str, *kinds: Kind) -> Any:
    found = member(filter, name)
    return None if found is None else found.test(*kinds)


def _tree(filter: FileFilter | None) -> filters.FileFilter | None:
    return None if filter is None else filter.tree()


def _trees(given_filters: list[FileFilter] | None) -> list[filters.FileFilter] | None:
    return None if given_filters is None else [one.tree() for one in given_filters]
