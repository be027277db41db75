"""What can be asked about presets."""

from typing import Annotated

import strawberry

from app.accounts.tokens import TokenScope
from app.core.ids import Kind
from app.presets import queries
from schema.context import Info
from schema.files import inputs
from schema.paging import After, Before, Connection, First, Last, listed, page
from schema.presets.inputs import FilterPresetFilter
from schema.presets.types import FilterPreset


@strawberry.type
class PresetQuery:
    """The presets' share of Query."""

    @strawberry.field(description="One filter preset; null if it is unknown or not for you.")
    async def filter_preset(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> FilterPreset | None:
        info.context.actor.must_have(TokenScope.READ)
        return await FilterPreset.load(info, inputs.key(Kind.FILTER_PRESET, id))

    @strawberry.field(description="Your filter presets and those shared with you, oldest first.")
    async def filter_presets(
        self,
        info: Info,
        filter: Annotated[
            FilterPresetFilter | None,
            strawberry.argument(description="Which presets; left out: all."),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[FilterPreset] | None:
        tests = filter.tests() if filter else queries.PresetFilter()
        listing = queries.presets(info.context.actor, tests)
        return await listed(info, listing, page(first, after, last, before), FilterPreset.of)
