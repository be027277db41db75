"""The search for files."""

from typing import cast

import strawberry

from app.files import listings
from schema.context import Info
from schema.files import inputs
from schema.files.inputs import Filter, Sorts, WholeOrganisation
from schema.files.types import File
from schema.paging import After, Before, First, Last, listed, page
from schema.search.connection import FileSearchConnection


@strawberry.type
class SearchQuery:
    """The search's share of Query."""

    @strawberry.field(
        description="Files in the folders that you have a role on. Parts of composites are hidden unless the"
        " filter names isComponent."
    )
    async def files(
        self,
        info: Info,
        *,
        include_organisation_access: WholeOrganisation = False,
        filter: Filter = strawberry.UNSET,
        sort: Sorts = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> FileSearchConnection | None:
        actor, tree, order = info.context.actor, inputs.tree_of(filter), inputs.sort_of(sort)
        whole = include_organisation_access
        listing = info.context.runtime.reads.kept.get(
            ("files", actor.eyes, repr(tree), order, whole),
            lambda: listings.files(actor, tree, order, whole_organisation=whole),
        )
        asked = page(first, after, last, before)
        found = await listed(info, listing, asked, File.of, into=FileSearchConnection)
        return cast("FileSearchConnection", found)
