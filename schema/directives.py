"""Directives of our own choice, beside those that GraphQL demands."""

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDirective,
    GraphQLNonNull,
    GraphQLString,
)

DEFER = GraphQLDirective(
    name="defer",
    description="Let this part of a query come after the rest. The answer is then multipart/mixed or"
    " text/event-stream, and the client has to accept one of them.",
    locations=[DirectiveLocation.FRAGMENT_SPREAD, DirectiveLocation.INLINE_FRAGMENT],
    args={
        "if": GraphQLArgument(
            GraphQLNonNull(GraphQLBoolean),
            default_value=True,
            description="With false it comes together with the rest.",
        ),
        "label": GraphQLArgument(
            GraphQLString, description="A name for the part, unique in the document."
        ),
    },
)
"""Without its sibling `@stream`: long lists have pages."""
