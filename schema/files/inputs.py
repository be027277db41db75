"""Filters of folders and integrations, and how they become those of `app.files`."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.core.errors import Invalid, TooLarge
from app.core.ids import Kind
from app.files import comparisons, filters
from schema.files.comparisons import DateTimeFilter, IdFilter, StringFilter, known, member

MOST_KEYS = 1_000


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
            id=_test(self, "id", Kind.FOLDER),
            name=_test(self, "name"),
            created_at=_test(self, "created_at"),
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


FolderFilters = Annotated[
    FolderFilter | None, strawberry.argument(description="Which folders; left out: all.")
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
        if listed is not None and len(listed) > comparisons.MOST_LISTED:
            raise TooLarge(f"At most {comparisons.MOST_LISTED:,} in one list.", field=("filter",))
    keys = None if public_ids is None else known(Kind.INTEGRATION, public_ids)
    return keys, titles


def _test(filter: FolderFilter, name: str, *kinds: Kind) -> Any:
    found: Any = member(getattr(filter, name), name)
    return None if found is None else found.test(("filter", name), *kinds)
