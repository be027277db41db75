"""Fragments in the order in which they can be summed up: each after those that it spreads."""

from collections.abc import Mapping, Sequence

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode


def inner_first(spreads: Mapping[str, Sequence[str]]) -> list[str]:
    """Every fragment once, by the names that each spreads; linear in the number of spreads.

    Names that nobody defines are left out. Where fragments spread each other in a circle one of them has to
    come first. Nothing recurses: a chain may be as long as the document.
    """
    done: dict[str, None] = {}
    begun: set[str] = set()
    for first in spreads:
        path = [first]
        while path:
            name = path[-1]
            if name in done or name in begun:
                done.setdefault(path.pop())
                continue
            begun.add(name)
            path += [one for one in spreads[name] if one in spreads and one not in begun]
    return list(done)


def spreads_in(selected: SelectionSetNode) -> list[str]:
    """The fragments that are spread anywhere in it."""
    names: list[str] = []
    waiting = [selected]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                names.append(node.name.value)
            elif isinstance(node, (FieldNode, InlineFragmentNode)) and node.selection_set:
                waiting.append(node.selection_set)
    return names
