"""What can be asked about embeddings."""

import strawberry

from app.accounts.tokens import TokenScope
from schema.context import Info
from schema.embeddings.types import EmbeddingKey


@strawberry.type
class EmbeddingQuery:
    """The embeddings' share of Query."""

    @strawberry.field(
        description="The embedding keys of your metadata schema by name, with how many vectors they have and where"
        " their indexes stand; at most 2,000."
    )
    async def embeddings(self, info: Info) -> list[EmbeddingKey] | None:
        info.context.actor.must_have(TokenScope.READ)
        return await EmbeddingKey.every(info)
