"""HTTP's status for what happened, by profile.

`compat` is what clients in the field expect, and the audit suite of graphql-http. `draft` is the text of GraphQL
over HTTP of 2026: 422 for what was understood but is wrong, 294 for a part of the data.
"""

from collections.abc import Mapping
from enum import StrEnum

from schema.codes import Code
from schema.execution.request import Refusal, Stage
from schema.transport.negotiation import MediaType

PARTIAL = 294


class Profile(StrEnum):
    """Whose rules for status codes hold."""

    COMPAT = "compat"
    DRAFT = "draft"


_COMPAT: Mapping[Stage, int] = {
    Stage.REQUEST: 400,
    Stage.PARSING: 400,
    Stage.VALIDATION: 400,
    Stage.OPERATION: 400,
    Stage.VARIABLES: 400,
    Stage.DOCUMENT_ID: 400,
    Stage.METHOD: 405,
    Stage.CALLER: 401,
    Stage.SOURCE: 400,
    Stage.BUDGET: 429,
    Stage.CAPACITY: 503,
}
_DRAFT: Mapping[Stage, int] = {
    **_COMPAT,
    Stage.REQUEST: 422,
    Stage.VALIDATION: 422,
    Stage.OPERATION: 422,
    Stage.VARIABLES: 422,
    Stage.DOCUMENT_ID: 422,
    Stage.SOURCE: 422,
}
_GRAPHQL = frozenset(
    {
        Stage.PARSING,
        Stage.VALIDATION,
        Stage.OPERATION,
        Stage.VARIABLES,
        Stage.DOCUMENT_ID,
        Stage.SOURCE,
    }
)
"""What GraphQL refused, not HTTP: the old clients that accept plain JSON only look for it in a 200."""
_FAILED: Mapping[Code, int] = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.RATE_LIMITED: 429,
    Code.UNAVAILABLE: 503,
    Code.TIMEOUT: 503,
}


def of_refusal(refusal: Refusal, profile: Profile, media_type: MediaType) -> int:
    """The status of an answer without data."""
    if profile is Profile.DRAFT:
        return _DRAFT[refusal.stage]
    if media_type is MediaType.JSON and refusal.stage in _GRAPHQL:
        return 200
    return _COMPAT[refusal.stage]


def is_told_in_stream(refusal: Refusal) -> bool:
    """Whether a client that reads a stream gets this as an event, as graphql-sse wants it."""
    return refusal.stage in _GRAPHQL


def of_result(*, has_errors: bool, profile: Profile) -> int:
    """The status of an answer with data, if only null."""
    return PARTIAL if has_errors and profile is Profile.DRAFT else 200


def of_failure(code: Code) -> int:
    """The status when the operation was never looked at, because something of ours did not work."""
    return _FAILED.get(code, 500)
