"""The codes of top-level errors: one closed list, which clients may rely on."""

from enum import StrEnum


class Code(StrEnum):
    """What `extensions.code` of a top-level error can be; docs/errors.md says what to do about each."""

    BAD_REQUEST = "BAD_REQUEST"
    """Not a request of GraphQL over HTTP or of the WebSocket protocol."""
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    """The client accepts no media type that can carry the answer."""
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    """This kind of operation does not go by this method or transport."""
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    """The body is not JSON in UTF-8."""
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    OPERATION_RESOLUTION_FAILED = "OPERATION_RESOLUTION_FAILED"
    """The document has no operation of this name, or several and no name was given."""
    BAD_USER_INPUT = "BAD_USER_INPUT"
    """A variable or an argument breaks a rule."""
    PERSISTED_DOCUMENT_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    """The same in the words of Apollo's clients, which then send the whole document."""
    DOCUMENT_NOT_ALLOWED = "DOCUMENT_NOT_ALLOWED"
    """This server runs listed documents only."""
    TOKEN_LIMIT = "TOKEN_LIMIT"  # noqa: S105  a code
    DEPTH_LIMIT = "DEPTH_LIMIT"
    ALIAS_LIMIT = "ALIAS_LIMIT"
    DIRECTIVE_LIMIT = "DIRECTIVE_LIMIT"
    FRAGMENT_LIMIT = "FRAGMENT_LIMIT"
    ROOT_FIELD_LIMIT = "ROOT_FIELD_LIMIT"
    LITERAL_LIMIT = "LITERAL_LIMIT"
    OPERATION_LIMIT = "OPERATION_LIMIT"
    """More operations in one document, or on one socket, than allowed."""
    COST_LIMIT = "COST_LIMIT"
    """The price of the operation is over what one operation may cost."""
    ANSWER_TOO_LARGE = "ANSWER_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    TIMEOUT = "TIMEOUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    STREAM_RESET = "STREAM_RESET"
    """The subscriber was too slow for a stream of changes; subscribed again with `after`, it misses nothing."""
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may succeed later, unchanged."""
        return self in {Code.RATE_LIMITED, Code.STREAM_RESET, Code.UNAVAILABLE, Code.TIMEOUT}
