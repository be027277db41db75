"""Which operations of a document put something off with `@defer`."""

from typing import Any

from graphql import (
    BREAK,
    DirectiveNode,
    DocumentNode,
    OperationDefinitionNode,
    Visitor,
    separate_operations,
    visit,
)


def deferring(document: DocumentNode) -> frozenset[str | None]:
    """The names of the operations that use it, themselves or in a fragment; None is that of the nameless one."""
    return frozenset(
        _name(separate)
        for separate in separate_operations(document).values()
        if _uses_defer(separate)
    )


class _Finder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.has_found = False

    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        """Stop at the first."""
        self.has_found = node.name.value == "defer"
        return BREAK if self.has_found else None


def _uses_defer(document: DocumentNode) -> bool:
    finder = _Finder()
    visit(document, finder)
    return finder.has_found


def _name(document: DocumentNode) -> str | None:
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return operation.name.value if operation.name else None
