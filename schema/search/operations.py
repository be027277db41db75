"""The search for files."""

from functools import partial
from typing import cast

import strawberry

from app.accounts.tokens import TokenScope
from app.search import listings
from schema.context import Info
from schema.embeddings.similarity import Similar, ranked
from schema.files.inputs import WholeOrganisation
from schema.files.types import File
from schema.paging import After, Before, First, Last, listed, page
from schema.presets import using
from schema.presets.using import PresetIds
from schema.search import inputs
from schema.search.connection import FileSearchConnection
from schema.search.inputs import Filter, Sorts


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
        preset_ids: PresetIds = strawberry.UNSET,
        similar_to: Similar = strawberry.UNSET,
        sort: Sorts = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> FileSearchConnection | None:
        actor, reads = info.context.actor, info.context.runtime.reads
        actor.must_have(TokenScope.READ)
        tree, order = inputs.tree_of(filter), inputs.sort_of(sort)
        tree = await using.narrowed(info, tree, preset_ids)
        whole, asked = include_organisation_access, page(first, after, last, before)
        listing = await listings.found(reads, actor, tree, order, whole_organisation=whole)
        into = partial(FileSearchConnection, names=listings.keys_of(tree, order))
        if similar_to:
            leaves_most = whole and not listing.is_filtered
            near = await ranked(info, listing, similar_to, sort, asked, into, leaves_most)
            return cast("FileSearchConnection", near)
        found = await listed(info, listing, asked, File.of, into=into)
        return cast("FileSearchConnection", found)
