"""What can be asked about collections."""

from typing import Annotated

import strawberry

from app.accounts.tokens import TokenScope
from app.collections import queries
from app.core.ids import Kind
from schema.collections.inputs import CollectionFilter
from schema.collections.types import Collection
from schema.context import Info
from schema.files import inputs
from schema.files.inputs import WholeOrganisation
from schema.paging import After, Before, Connection, First, Last, listed, page


@strawberry.type
class CollectionQuery:
    """The collections' share of Query."""

    @strawberry.field(description="One collection; null if it is unknown or not for you.")
    async def collection(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> Collection | None:
        info.context.actor.must_have(TokenScope.READ)
        return await Collection.load(info, inputs.key(Kind.COLLECTION, id))

    @strawberry.field(
        description="The collections of folders that you have a role on, the oldest first."
    )
    async def collections(
        self,
        info: Info,
        *,
        include_organisation_access: WholeOrganisation = False,
        filter: Annotated[
            CollectionFilter | None,
            strawberry.argument(description="Which collections; left out: all."),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Collection] | None:
        tests = filter.tests() if filter else queries.CollectionFilter()
        actor, whole = info.context.actor, include_organisation_access
        listing = queries.collections(actor, tests, whole_organisation=whole)
        return await listed(info, listing, page(first, after, last, before), Collection.of)
