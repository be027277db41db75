"""What can be asked about integrations."""

from typing import Annotated

import strawberry

from app.accounts.tokens import TokenScope
from app.core.ids import Kind
from app.files import checks, listings, queries
from app.files.stores import Terms
from schema.context import Info
from schema.files import inputs
from schema.files.inputs import IntegrationFilter, WholeOrganisation
from schema.files.integrations import Integration
from schema.inputs import given
from schema.paging import After, Before, Connection, First, Last, listed, page

Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]


@strawberry.type(description="One thing that was tried, and how it went.")
class IntegrationFinding:
    """One finding."""

    is_ok: bool = strawberry.field(description="Whether it works.")
    message: str = strawberry.field(description="What works, or the fault and what to do.")


@strawberry.type(description="What came of trying an integration out.")
class IntegrationCheck:
    """The findings in order; after a fault nothing more is tried."""

    is_ok: bool = strawberry.field(description="Whether everything that was tried works.")
    findings: list[IntegrationFinding] = strawberry.field(description="What was tried, in order.")


@strawberry.type
class IntegrationQuery:
    """The integrations' share of Query."""

    @strawberry.field(description="One integration; null if it is unknown or not for you.")
    async def integration(self, info: Info, id: Id) -> Integration | None:
        info.context.actor.must_have(TokenScope.READ)
        return await Integration.load(info, inputs.key(Kind.INTEGRATION, id))

    @strawberry.field(description="Integrations that you have a role on, the oldest first.")
    async def integrations(
        self,
        info: Info,
        include_organisation_access: WholeOrganisation = False,
        filter: Annotated[
            IntegrationFilter | None,
            strawberry.argument(description="Which integrations; left out: all."),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Integration] | None:
        ids, titles = inputs.integration_tests(filter)
        listing = listings.integrations(
            info.context.actor,
            ids=ids,
            titles=titles,
            whole_organisation=include_organisation_access,
        )
        return await listed(info, listing, page(first, after, last, before), Integration.of)

    @strawberry.field(
        description="Try an integration out: open its store and look for an object, or else list the bucket. No"
        " media is read. Takes at most 20 seconds. Null if it is unknown or not for you."
    )
    async def integration_check(
        self,
        info: Info,
        id: Id,
        object_url: Annotated[
            str | None,
            strawberry.argument(
                description="The URL of an object to look for, as in a registration."
            ),
        ] = strawberry.UNSET,
    ) -> IntegrationCheck | None:
        info.context.actor.must_have(TokenScope.READ)
        key, runtime = inputs.key(Kind.INTEGRATION, id), info.context.runtime
        row = await info.context.load(queries.integrations_by_id, key) if key else None
        if row is None:
            return None
        terms = Terms.of(runtime.settings)
        found = await checks.examine(row, given(object_url), secret=runtime.secret, terms=terms)
        return IntegrationCheck(
            is_ok=all(finding.is_ok for finding in found),
            findings=[IntegrationFinding(is_ok=one.is_ok, message=one.message) for one in found],
        )
