"""The roots: the one list of what there is."""

import asyncio
from typing import Annotated

import strawberry

from app.accounts.tokens import TokenScope
from app.core.errors import Invalid
from schema import node
from schema.accounts.credentials import NODES as CREDENTIAL_NODES
from schema.accounts.operations import AccountQuery
from schema.accounts.types import NODES as ACCOUNT_NODES
from schema.background.operations import BackgroundQuery
from schema.background.types import NODES as BACKGROUND_NODES
from schema.collections.operations import CollectionQuery
from schema.collections.types import NODES as COLLECTION_NODES
from schema.context import Info
from schema.embeddings.duplicates import NearDuplicateQuery
from schema.embeddings.encoders import EncoderQuery
from schema.embeddings.operations import EmbeddingQuery
from schema.embeddings.plots import NODES as PLOT_NODES
from schema.embeddings.plots import EmbeddingPlotQuery
from schema.files.integration_operations import IntegrationQuery
from schema.files.integrations import NODES as INTEGRATION_NODES
from schema.files.operations import FileQuery
from schema.files.types import NODES as FILE_NODES
from schema.limits.operations import LimitQuery
from schema.metadata.operations import MetadataQuery
from schema.metadata.types import NODES as METADATA_NODES
from schema.node import Node, Sources
from schema.presets.operations import PresetQuery
from schema.presets.types import NODES as PRESET_NODES
from schema.search.explain import ExplainQuery
from schema.search.operations import SearchQuery
from schema.uploads.operations import UploadQuery
from schema.uploads.types import NODES as UPLOAD_NODES

NODES: Sources = {
    **ACCOUNT_NODES,
    **BACKGROUND_NODES,
    **COLLECTION_NODES,
    **CREDENTIAL_NODES,
    **FILE_NODES,
    **INTEGRATION_NODES,
    **METADATA_NODES,
    **PLOT_NODES,
    **PRESET_NODES,
    **UPLOAD_NODES,
}
MOST_NODES = 1_000


@strawberry.type(description="Reads. Root fields are null where something is unknown or forbidden.")
class Query(
    AccountQuery,
    BackgroundQuery,
    CollectionQuery,
    EmbeddingPlotQuery,
    EncoderQuery,
    ExplainQuery,
    EmbeddingQuery,
    FileQuery,
    IntegrationQuery,
    LimitQuery,
    MetadataQuery,
    NearDuplicateQuery,
    PresetQuery,
    SearchQuery,
    UploadQuery,
):
    """All that can be read."""

    @strawberry.field(description="Anything by its id; null if it is unknown or not for you.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> Node | None:
        info.context.actor.must_have(TokenScope.READ)
        return await node.fetch(info.context, NODES, id)

    @strawberry.field(description="Many at once, in the order asked; null where one is unknown.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 1,000 ids.")],
    ) -> list[Node | None] | None:
        info.context.actor.must_have(TokenScope.READ)
        if len(ids) > MOST_NODES:
            raise Invalid(f"{len(ids):,} ids; at most {MOST_NODES:,} at once.", field=("ids",))
        return await asyncio.gather(*(node.fetch(info.context, NODES, one) for one in ids))
