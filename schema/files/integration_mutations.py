"""Changes of integrations."""

from typing import Annotated, Any

import strawberry

from app.accounts.actor import Actor
from app.core import ids
from app.core.db import Tx
from app.core.ids import Kind
from app.files import integrations, models, sharing
from app.files.stores import Terms
from schema.context import Info
from schema.files.integration_inputs import (
    CreateIntegrationInput,
    DeleteIntegrationInput,
    UpdateIntegrationInput,
)
from schema.files.integrations import Integration
from schema.files.requests import (
    ChangeIntegrationRoleInput,
    ShareIntegrationInput,
    UnshareIntegrationInput,
    people,
)
from schema.inputs import given
from schema.mutations import Payload, change

What = strawberry.argument(description="What to do.")
Answer = dict[str, Any]


@strawberry.interface(description="What the answers about one integration have.")
class IntegrationPayload(Payload):
    """The integration as it is now."""

    @strawberry.field(
        description="The integration; null if it was refused. After REVISION_CONFLICT the stored one."
    )
    async def integration(self, info: Info) -> Integration | None:
        return await Integration.load(info, self.answer.get("integration"))


@strawberry.type(description="Answer to createIntegration.")
class CreateIntegrationPayload(IntegrationPayload):
    """The new integration."""


@strawberry.type(description="Answer to updateIntegration.")
class UpdateIntegrationPayload(IntegrationPayload):
    """The changed integration."""


@strawberry.type(description="Answer to deleteIntegration.")
class DeleteIntegrationPayload(IntegrationPayload):
    """Nothing more; after a refusal the integration as it is stored."""

    @strawberry.field(description="The id of what was deleted; null if it was refused.")
    def deleted_integration_id(self) -> strawberry.ID | None:
        found = self.answer.get("deleted")
        return strawberry.ID(found) if found else None


@strawberry.type(description="Answer to shareIntegration.")
class ShareIntegrationPayload(IntegrationPayload):
    """The integration with its grants."""


@strawberry.type(description="Answer to changeIntegrationRole.")
class ChangeIntegrationRolePayload(IntegrationPayload):
    """The integration with its grants."""


@strawberry.type(description="Answer to unshareIntegration.")
class UnshareIntegrationPayload(IntegrationPayload):
    """The integration with its grants."""


@strawberry.type
class IntegrationMutation:
    """The integrations' share of Mutation."""

    @strawberry.mutation(
        description="Connect an object store. You become the integration's administrator. Credentials are kept"
        " sealed and never shown. Try it with integrationCheck."
    )
    async def create_integration(
        self, info: Info, input: Annotated[CreateIntegrationInput, What]
    ) -> CreateIntegrationPayload | None:
        runtime = info.context.runtime

        async def work(tx: Tx, actor: Actor) -> Answer:
            row = await integrations.create(
                tx,
                actor,
                title=input.title,
                store=input.store.store(),
                is_strict_client_only=input.is_strict_client_only,
                secret=runtime.secret,
                allowances=Terms.of(runtime.settings).unguarded,
            )
            return {"integration": row.id.hex}

        return await change(info, CreateIntegrationPayload, input, work)

    @strawberry.mutation(description="Change an integration's title, credentials or configuration.")
    async def update_integration(
        self, info: Info, input: Annotated[UpdateIntegrationInput, What]
    ) -> UpdateIntegrationPayload | None:
        runtime, strict = info.context.runtime, input.is_strict_client_only

        async def work(tx: Tx, actor: Actor) -> Answer:
            row = await integrations.update(
                tx,
                actor,
                ids.decode(Kind.INTEGRATION, input.integration_id),
                title=input.title.value if input.title else None,
                store=input.store.value.store() if input.store else None,
                is_strict_client_only=strict.value if strict else None,
                expected_revision=given(input.expected_revision),
                secret=runtime.secret,
                allowances=Terms.of(runtime.settings).unguarded,
            )
            return {"integration": row.id.hex}

        return await change(info, UpdateIntegrationPayload, input, work)

    @strawberry.mutation(
        description="Delete an integration; refused while files are read through it, saying how many."
    )
    async def delete_integration(
        self, info: Info, input: Annotated[DeleteIntegrationInput, What]
    ) -> DeleteIntegrationPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.INTEGRATION, input.integration_id)
            revision = given(input.expected_revision)
            await integrations.remove(tx, actor, key, expected_revision=revision)
            return {"deleted": input.integration_id}

        return await change(info, DeleteIntegrationPayload, input, work)

    @strawberry.mutation(
        description="Give people a role on an integration. Who has a role there already keeps it: see"
        " changeIntegrationRole."
    )
    async def share_integration(
        self, info: Info, input: Annotated[ShareIntegrationInput, What]
    ) -> ShareIntegrationPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.INTEGRATION, input.integration_id)
            await sharing.share(tx, actor, models.Integration, key, people(input.to), input.role)
            return {"integration": key.hex}

        return await change(info, ShareIntegrationPayload, input, work)

    @strawberry.mutation(description="Change roles that were given on an integration.")
    async def change_integration_role(
        self, info: Info, input: Annotated[ChangeIntegrationRoleInput, What]
    ) -> ChangeIntegrationRolePayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.INTEGRATION, input.integration_id)
            kind = models.Integration
            await sharing.change_role(tx, actor, kind, key, people(input.of), input.role)
            return {"integration": key.hex}

        return await change(info, ChangeIntegrationRolePayload, input, work)

    @strawberry.mutation(description="Take away roles that were given on an integration.")
    async def unshare_integration(
        self, info: Info, input: Annotated[UnshareIntegrationInput, What]
    ) -> UnshareIntegrationPayload | None:
        async def work(tx: Tx, actor: Actor) -> Answer:
            key = ids.decode(Kind.INTEGRATION, input.integration_id)
            await sharing.unshare(tx, actor, models.Integration, key, people(input.from_))
            return {"integration": key.hex}

        return await change(info, UnshareIntegrationPayload, input, work)
