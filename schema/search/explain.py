"""Why a search takes as long as it does, for those who wonder."""

from typing import Self

import strawberry

from app.accounts.tokens import TokenScope
from app.search import explain
from app.search.explain import Explanation
from app.search.plans import Strategy
from schema import enums
from schema.context import Info
from schema.files.inputs import WholeOrganisation
from schema.presets import using
from schema.presets.using import PresetIds
from schema.scalars import SafeInt
from schema.search import inputs
from schema.search.inputs import Filter, Sorts

enums.public(
    Strategy,
    "How the files of a page are found. The list may grow: have a default branch.",
    {
        Strategy.INDEX: "An index leads straight to the files that fit.",
        Strategy.BITMAP: "Indexes lead to the files that fit, which are then sorted.",
        Strategy.ORDERED_SCAN: "Files are looked at in the order asked for, until the page is full.",
        Strategy.FULL_SCAN: "Each file is looked at, and those that fit are sorted.",
        Strategy.EMPTY: "Nothing can fit, and no file is looked at.",
    },
    name="FilterStrategy",
)


@strawberry.type(description="An index that a search uses.")
class FilterIndex:
    """One index."""

    use: str = strawberry.field(
        description="What it is good for, in words; `metadata` for the index of a metadata key."
    )
    key: str | None = strawberry.field(description="The metadata key whose index it is; else null.")


@strawberry.type(
    description="What the database does for the first page, of 50 files, of a search. Figures are null if that"
    " takes longer than two seconds."
)
class FilterExplanation:
    """Strategy, figures, and sentences."""

    strategy: Strategy = strawberry.field(description="How the files are found.")
    indexes: list[FilterIndex] = strawberry.field(
        description="The indexes that are used, those that lead to others first."
    )
    estimated_count: SafeInt = strawberry.field(
        description="How many files the database expects to fit, before it looks."
    )
    looked_at_count: SafeInt | None = strawberry.field(
        description="How many files were looked at for the page."
    )
    found_count: int | None = strawberry.field(
        description="How many files the page has, one more if another page follows."
    )
    milliseconds: float | None = strawberry.field(
        description="How long the database took, planning included."
    )
    sentences: list[str] = strawberry.field(
        description="The same for people, and what would make it quicker. The wording may change."
    )

    @classmethod
    def of(cls, found: Explanation) -> Self:
        """The public form."""
        plan = found.plan
        return cls(
            strategy=plan.strategy,
            indexes=[FilterIndex(use=one.use, key=one.key) for one in found.indexes],
            estimated_count=SafeInt(plan.estimated_count),
            looked_at_count=None if plan.looked_at is None else SafeInt(plan.looked_at),
            found_count=plan.found,
            milliseconds=plan.milliseconds,
            sentences=list(found.sentences),
        )


@strawberry.type
class ExplainQuery:
    """The explanation's share of Query."""

    @strawberry.field(
        description="How `files` with these arguments finds its first page: which indexes it uses, how many files"
        " it looks at. Runs the search once, for two seconds at most."
    )
    async def explain_filter(
        self,
        info: Info,
        *,
        include_organisation_access: WholeOrganisation = False,
        filter: Filter = strawberry.UNSET,
        preset_ids: PresetIds = strawberry.UNSET,
        sort: Sorts = strawberry.UNSET,
    ) -> FilterExplanation | None:
        context = info.context
        context.actor.must_have(TokenScope.READ)
        tree = await using.narrowed(info, inputs.tree_of(filter), preset_ids)
        async with context.gate:
            found = await explain.explained(
                context.runtime.db,
                context.runtime.reads,
                context.actor,
                tree,
                inputs.sort_of(sort),
                whole_organisation=include_organisation_access,
                threshold=context.runtime.settings.index_threshold,
            )
        return FilterExplanation.of(found)
