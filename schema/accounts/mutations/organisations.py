"""Changes of organisations, and of which one is the current."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from app.accounts import service
from app.accounts.actor import Actor
from app.accounts.tokens import TokenScope
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from schema.accounts.types import Organisation
from schema.context import Info
from schema.inputs import ExpectedRevision, IdempotencyKey, given
from schema.mutations import Payload, change


@strawberry.input(description="An organisation to found.")
class CreateOrganisationInput:
    """Input of createOrganisation."""

    name: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to createOrganisation.")
class CreateOrganisationPayload(Payload):
    """The new organisation."""

    @strawberry.field(description="The new organisation; null if it was refused.")
    async def organisation(self, info: Info) -> Organisation | None:
        return await Organisation.load(info, self.answer.get("organisation"))


@strawberry.input(description="A change of your current organisation.")
class UpdateOrganisationInput:
    """Input of updateOrganisation."""

    name: strawberry.Maybe[str] = strawberry.field(
        description="1 to 255 characters; left out: unchanged."
    )
    expected_revision: ExpectedRevision = UNSET
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to updateOrganisation.")
class UpdateOrganisationPayload(Payload):
    """The organisation as it is now."""

    @strawberry.field(
        description="The organisation; with REVISION_CONFLICT as it is stored; else null."
    )
    async def organisation(self, info: Info) -> Organisation | None:
        return await Organisation.load(info, self.answer.get("organisation"))


@strawberry.input(description="Which organisation to go to.")
class SwitchOrganisationInput:
    """Input of switchOrganisation."""

    organisation_id: strawberry.ID = strawberry.field(description="One of yours.")
    idempotency_key: IdempotencyKey = UNSET


@strawberry.type(description="Answer to switchOrganisation.")
class SwitchOrganisationPayload(Payload):
    """Where the next requests act."""

    @strawberry.field(description="The one that is current now; null if it was refused.")
    async def organisation(self, info: Info) -> Organisation | None:
        return await Organisation.load(info, self.answer.get("organisation"))


@strawberry.type
class OrganisationMutation:
    """Mutations of organisations."""

    @strawberry.mutation(
        description="Found an organisation, with you as its administrator. Your current one stays the same."
    )
    async def create_organisation(
        self,
        info: Info,
        input: Annotated[
            CreateOrganisationInput, strawberry.argument(description="The organisation.")
        ],
    ) -> CreateOrganisationPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            organisation = await service.found_organisation(tx, actor, name=input.name)
            return {"organisation": organisation.id.hex}

        return await change(info, CreateOrganisationPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(description="Rename your current organisation.")
    async def update_organisation(
        self,
        info: Info,
        input: Annotated[UpdateOrganisationInput, strawberry.argument(description="The change.")],
    ) -> UpdateOrganisationPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            organisation = await service.update_organisation(
                tx,
                actor,
                name=input.name.value if input.name else None,
                expected_revision=given(input.expected_revision),
            )
            return {"organisation": organisation.id.hex}

        return await change(info, UpdateOrganisationPayload, input, work, TokenScope.ADMIN)

    @strawberry.mutation(
        description="Make another of your organisations the current one. Signed-in browsers and signed requests"
        " act for it from the next request on; an API token always acts for its own."
    )
    async def switch_organisation(
        self,
        info: Info,
        input: Annotated[SwitchOrganisationInput, strawberry.argument(description="Which one.")],
    ) -> SwitchOrganisationPayload | None:
        async def work(tx: Tx, actor: Actor) -> dict[str, str]:
            wanted = ids.decode(Kind.ORGANISATION, input.organisation_id)
            organisation = await service.switch_organisation(tx, actor, wanted)
            return {"organisation": organisation.id.hex}

        return await change(info, SwitchOrganisationPayload, input, work, TokenScope.ADMIN)
