"""Filters and sorts of files and folders, and how they become those of `app.files`."""

from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry

from app.core import ids
from app.core.errors import Invalid, TooLarge
from app.core.ids import Kind
from app.files import filters
from app.files.filters import ChoiceTest, IdTest, PlaceTest, RangeTest, TextTest
from app.files.listings import Sort
from schema.files.enums import FileType, SortDirection, SortField, StorageLocation
from schema.inputs import given
from schema.scalars import SafeInt

T = TypeVar("T")
MOST_KEYS = 1_000


def member(value: T | None, name: str) -> T | None:
    """A member of a filter; None if it was left out. Null is refused: it would mean nothing."""
    if value is None:
        raise Invalid(f"{name} is null; leave it out instead.", field=("filter", name))
    return given(value)


@strawberry.input(description="Comparisons of ids. All that are given must hold.")
class IdFilter:
    """A test of ids."""

    eq: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly this one."
    )
    in_: list[strawberry.ID] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these, at most 1,000."
    )
    not_in: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="None of these, at most 1,000."
    )

    def test(self, kind: Kind) -> IdTest:
        """The test, for ids of this kind. Ids of no such thing match nothing."""
        eq, in_ = member(self.eq, "eq"), member(self.in_, "in")
        not_in = member(self.not_in, "notIn")
        found = None if in_ is None else known(kind, in_)
        if eq is not None:
            only = known(kind, [eq])
            found = only if found is None else [one for one in only if one in found]
        return IdTest(in_=found, not_in=None if not_in is None else known(kind, not_in))


@strawberry.input(description="Comparisons of text. All that are given must hold.")
class StringFilter:
    """A test of texts, of at most 1,000 characters each."""

    eq: str | None = strawberry.field(default=strawberry.UNSET, description="Exactly this text.")
    in_: list[str] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these texts, at most 1,000."
    )
    contains: str | None = strawberry.field(
        default=strawberry.UNSET, description="This text somewhere in it; no wildcards."
    )
    starts_with: str | None = strawberry.field(
        default=strawberry.UNSET, description="This text at its start."
    )
    ignore_case: bool = strawberry.field(
        default=False, description="Compare without regard to case."
    )

    def test(self) -> TextTest:
        """The test."""
        return TextTest(
            eq=member(self.eq, "eq"),
            in_=member(self.in_, "in"),
            contains=member(self.contains, "contains"),
            starts_with=member(self.starts_with, "startsWith"),
            ignore_case=self.ignore_case,
        )


@strawberry.input(description="Bounds of an instant. All that are given must hold.")
class DateTimeFilter:
    """A test of instants."""

    gt: datetime | None = strawberry.field(default=strawberry.UNSET, description="After this.")
    gte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="At this instant or after."
    )
    lt: datetime | None = strawberry.field(default=strawberry.UNSET, description="Before this.")
    lte: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="At this instant or before."
    )

    def test(self) -> RangeTest:
        """The test."""
        return _range(self)


@strawberry.input(description="Bounds of a size in bytes. An unknown size lies within none.")
class ByteSizeFilter:
    """A test of sizes."""

    gt: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="Above this.")
    gte: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="This or above.")
    lt: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="Below this.")
    lte: SafeInt | None = strawberry.field(default=strawberry.UNSET, description="This or below.")

    def test(self) -> RangeTest:
        """The test."""
        return _range(self)


@strawberry.input(description="Comparisons of file types.")
class FileTypeFilter:
    """A test of types."""

    eq: FileType | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly this type."
    )
    in_: list[FileType] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these types."
    )

    def test(self) -> ChoiceTest:
        """The test."""
        return ChoiceTest(eq=member(self.eq, "eq"), in_=member(self.in_, "in"))


@strawberry.input(description="Comparisons of where bytes are stored.")
class StorageLocationFilter:
    """A test of locations."""

    eq: StorageLocation | None = strawberry.field(
        default=strawberry.UNSET, description="Exactly there."
    )
    in_: list[StorageLocation] | None = strawberry.field(
        name="in", default=strawberry.UNSET, description="One of these."
    )

    def test(self) -> ChoiceTest:
        """The test."""
        return ChoiceTest(eq=member(self.eq, "eq"), in_=member(self.in_, "in"))


@strawberry.input(description="A folder, perhaps with everything below it.")
class FolderPlaceFilter:
    """A test of where a file lies."""

    id: strawberry.ID = strawberry.field(description="The folder.")
    recursive: bool = strawberry.field(
        default=False, description="Whether folders below it count, too."
    )

    def test(self) -> PlaceTest:
        """The test. A folder that cannot be matches nothing."""
        (folder_id, *_) = [*known(Kind.FOLDER, [self.id]), NOWHERE]
        return PlaceTest(folder_id=folder_id, is_recursive=self.recursive)


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
NOWHERE = UUID(int=0)


def known(kind: Kind, public_ids: list[strawberry.ID]) -> list[UUID]:
    """The keys of those public ids that are of this kind; others cannot be anything."""
    found = map(ids.split, public_ids)
    return [key for found_kind, key in filter(None, found) if found_kind is kind]


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


def _range(bounds: Any) -> RangeTest:
    names = ("gt", "gte", "lt", "lte")
    return RangeTest(**{name: member(getattr(bounds, name), name) for name in names})


def _test(filter: Any, name: str, *kinds: Kind) -> Any:
    found = member(filter, name)
    return None if found is None else found.test(*kinds)


def _tree(filter: FileFilter | None) -> filters.FileFilter | None:
    return None if filter is None else filter.tree()


def _trees(given_filters: list[FileFilter] | None) -> list[filters.FileFilter] | None:
    return None if given_filters is None else [one.tree() for one in given_filters]
