"""The root of changes."""

import strawberry

from schema.accounts.mutations import AccountMutation
from schema.files.composite_mutations import CompositeMutation
from schema.files.file_mutations import FileMutation
from schema.files.folder_mutations import FolderMutation
from schema.files.integration_mutations import IntegrationMutation
from schema.metadata.mutations import MetadataMutation
from schema.uploads.mutations import UploadMutation


@strawberry.type(
    description="Writes. Each takes one input and answers with its own payload; what the caller can mend is"
    " in `userErrors`, and then nothing was changed."
)
class Mutation(
    AccountMutation,
    CompositeMutation,
    FileMutation,
    FolderMutation,
    IntegrationMutation,
    MetadataMutation,
    UploadMutation,
):
    """All that can be changed."""
