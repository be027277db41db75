"""The root of changes."""

import strawberry

from schema.accounts.mutations import AccountMutation
from schema.background.mutations import BackgroundMutation
from schema.collections.mutations import CollectionMutation
from schema.embeddings.computing import ComputingMutation
from schema.embeddings.encoders import EncoderMutation
from schema.embeddings.job_mutations import EmbeddingJobMutation
from schema.embeddings.mutations import EmbeddingMutation
from schema.embeddings.recall_mutations import RecallMutation
from schema.files.composite_mutations import CompositeMutation
from schema.files.file_mutations import FileMutation
from schema.files.folder_mutations import FolderMutation
from schema.files.integration_mutations import IntegrationMutation
from schema.metadata.mutations import MetadataMutation
from schema.presets.mutations import PresetMutation
from schema.uploads.mutations import UploadMutation


@strawberry.type(
    description="Writes. Each takes one input and answers with its own payload; what the caller can mend is"
    " in `userErrors`, and then nothing was changed."
)
class Mutation(
    AccountMutation,
    BackgroundMutation,
    CollectionMutation,
    CompositeMutation,
    ComputingMutation,
    EmbeddingJobMutation,
    EncoderMutation,
    EmbeddingMutation,
    FileMutation,
    FolderMutation,
    IntegrationMutation,
    MetadataMutation,
    PresetMutation,
    RecallMutation,
    UploadMutation,
):
    """All that can be changed."""
