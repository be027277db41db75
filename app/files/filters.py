"""Filters of folders: tests that must all hold. Those of files are in `app.search`.

Whoever may not see a row is kept from it by `access`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import and_, true
from sqlmodel import col

from app.core.columns import Timestamp
from app.files import comparisons, operators
from app.files.comparisons import IdTest, RangeTest, TextTest
from app.files.models import Folder
from app.files.operators import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFilter:
    """Which folders. `tags` are names; a folder needs all of them."""

    id: IdTest | None = None
    name: TextTest | None = None
    created_at: RangeTest | None = None
    tags: Sequence[str] | None = None


def check(given: FolderFilter) -> FolderFilter:
    """The filter as it is. Raises for one that lists too much."""
    for member in fields(given):
        comparisons.check(getattr(given, member.name), ("filter", member.name))
    return given


def folder_condition(given: FolderFilter) -> Condition:
    """The filter as SQL on `folder`, without its tags."""
    check(given)
    created_at = col(Folder.created_at)
    return and_(
        true(),
        *operators.ids(col(Folder.id), given.id),
        *operators.text(col(Folder.name), given.name),
        *operators.bounds(created_at, given.created_at, Timestamp),
    )
