"""Refusals of documents and operations that are too large: each with the limit and the figure."""

from dataclasses import dataclass

from schema.codes import Code
from schema.execution.analysis import MOST, Analysis
from schema.execution.limits import Limits
from schema.execution.request import Error, Refusal, Stage, problem


@dataclass(frozen=True, slots=True)
class _Figure:
    """Something that was counted, the most that it may be, and what to say if it is more."""

    code: Code
    actual: int
    limit: int
    fact: str
    advice: str


def too_long(text: str, limits: Limits, request_id: str) -> Refusal | None:
    """Whether the text is not even worth parsing."""
    if len(text) <= limits.characters:
        return None
    figure = _Figure(
        Code.BODY_TOO_LARGE,
        len(text),
        limits.characters,
        "The document has {} characters",
        "Send values as variables.",
    )
    return Refusal(Stage.PARSING, [_told(figure, request_id)])


def too_many_tokens(limits: Limits, request_id: str) -> Refusal:
    """For when the parser has stopped at the limit; how many tokens there are, nobody has counted."""
    limit = limits.tokens
    message = f"The document has more than {limit:,} tokens. Send values as variables, or ask in several requests."
    told = problem(Code.TOKEN_LIMIT, message, request_id, limit=limit, actual=limit + 1)
    return Refusal(Stage.PARSING, [told])


def excess(analysis: Analysis, limits: Limits, request_id: str) -> Refusal | None:
    """Whether any operation or fragment of the document is over a limit; names each that is."""
    over = [one for one in _figures(analysis, limits) if one.actual > one.limit]
    if not over:
        return None
    return Refusal(Stage.VALIDATION, [_told(one, request_id) for one in over])


def too_dear(price: int, limits: Limits, request_id: str) -> Refusal | None:
    """Whether the operation costs more than one operation may."""
    if price <= limits.cost:
        return None
    figure = _Figure(
        Code.COST_LIMIT,
        price,
        limits.cost,
        "This operation costs {} points, about one for each object that it may bring",
        "Ask for smaller pages; those inside of others multiply.",
    )
    cost = {"cost": {"requested": price}}
    return Refusal(Stage.VALIDATION, [_told(figure, request_id)], extensions=cost)


def _told(figure: _Figure, request_id: str) -> Error:
    amount = f"{figure.actual:,}" if figure.actual < MOST else f"{MOST:,} or more"
    message = f"{figure.fact.format(amount)}; at most {figure.limit:,} may be. {figure.advice}"
    return problem(figure.code, message, request_id, limit=figure.limit, actual=figure.actual)


def _figures(analysis: Analysis, limits: Limits) -> list[_Figure]:
    worst = analysis.worst
    return [
        _Figure(
            Code.OPERATION_LIMIT,
            analysis.operation_count,
            limits.operations,
            "The document has {} operations",
            "Send those that run.",
        ),
        _Figure(
            Code.FRAGMENT_LIMIT,
            analysis.fragment_count,
            limits.fragments,
            "The document defines {} fragments",
            "Ask in several requests.",
        ),
        _Figure(
            Code.DEPTH_LIMIT,
            worst.depth,
            limits.depth,
            "Fields are nested {} deep",
            "Fetch what lies inside by its id, in another request.",
        ),
        _Figure(
            Code.DEPTH_LIMIT,
            worst.introspection_depth,
            limits.introspection_depth,
            "Introspection is nested {} deep",
            "The whole schema is reached with less.",
        ),
        _Figure(
            Code.ROOT_FIELD_LIMIT,
            worst.root_field_count,
            limits.root_fields,
            "An operation asks for {} root fields, fragments included",
            "Ask in several requests.",
        ),
        _Figure(
            Code.ALIAS_LIMIT,
            worst.alias_count,
            limits.aliases,
            "There are {} aliases, those in fragments counted at each use",
            "Fetch many by a list of ids, or in several requests.",
        ),
        _Figure(
            Code.DIRECTIVE_LIMIT,
            worst.directive_count,
            limits.directives,
            "There are {} directives, those in fragments counted at each use",
            "Put them on fields further out.",
        ),
        _Figure(
            Code.LITERAL_LIMIT,
            analysis.literal_leaf_count,
            limits.literals,
            "{} values are written into the document",
            "Send them as variables.",
        ),
    ]
