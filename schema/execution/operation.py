"""An operation on its way through the engine, and what comes out at the end."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues

from schema.codes import Code
from schema.context import Context
from schema.execution.documents import Document
from schema.execution.request import Error, problem

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS


@dataclass(slots=True)
class Operation:
    """One operation that may run: valid, within the limits, paid for."""

    document: Document
    definition: OperationDefinitionNode
    variables: VariableValues
    context: Context
    extensions: dict[str, Any] = field(default_factory=dict)
    """For the answer, such as `cost`."""

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.definition.operation

    @property
    def is_incremental(self) -> bool:
        """Whether it may be answered in parts, because it has `@defer`."""
        return self.name in self.document.deferring

    @property
    def name(self) -> str | None:
        """As the document calls it."""
        return self.definition.name.value if self.definition.name else None


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation has brought; `data` holds leaf values that orjson writes as they are."""

    data: dict[str, Any] | None
    request_id: str
    errors: list[Error] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    most_bytes: int = 2**62

    def body(self) -> bytes:
        """The answer in JSON; if that is over `most_bytes`, an error in its place."""
        body = self._written()
        if len(body) <= self.most_bytes:
            return body
        message = (
            f"The answer has {len(body):,} bytes; at most {self.most_bytes:,} are sent. Ask for"
            " fewer rows or fields at once."
        )
        more = {"limit": self.most_bytes, "actual": len(body)}
        told = problem(Code.ANSWER_TOO_LARGE, message, self.request_id, **more)
        return orjson.dumps({"errors": [told], "data": None})

    def _written(self) -> bytes:
        told: dict[str, Any] = {"data": self.data}
        if self.errors:
            told = {"errors": self.errors, **told}
        if self.extensions:
            told["extensions"] = self.extensions
        return orjson.dumps(told, option=OPTIONS)


@dataclass(frozen=True, slots=True)
class Event:
    """One answer of a subscription, in JSON already, and where in the stream it stands."""

    body: bytes
    cursor: str | None
