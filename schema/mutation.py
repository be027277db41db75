"""The root of changes."""

import strawberry

from schema.accounts.mutations import AccountMutation


@strawberry.type(
    description="Writes. Each takes one input and answers with its own payload; what the caller can mend is"
    " in `userErrors`, and then nothing was changed."
)
class Mutation(AccountMutation):
    """All that can be changed."""
