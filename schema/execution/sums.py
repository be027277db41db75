"""Sums with a few unknowns, which are known once the variables are: built once, worked out for each request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST = 10**12
"""Sums stop here."""

Variables = Mapping[str, Any]
Size = int | Callable[[Variables], int]
"""How many of something, at least 0."""


@dataclass(frozen=True, slots=True)
class Step:
    """The place of a sum that waits for variables."""

    index: int


Term = int | Step


@dataclass(slots=True)
class Sum:
    """A number, and products of a number with sizes or other sums that are not known yet."""

    known: int = 0
    products: list[tuple[int, Callable[[Variables], int] | None, Step | None]] = field(
        default_factory=list
    )

    def add(self, term: Term, size: Size = 1) -> None:
        """Add `term` that many times."""
        if isinstance(size, int) and isinstance(term, int):
            self.known = min(MOST, self.known + size * term)
        elif isinstance(term, int):
            if term:
                self.products.append((term, size if callable(size) else None, None))
        elif isinstance(size, int):
            self.products.append((min(MOST, size), None, term))
        else:
            self.products.append((1, size, term))

    def of(self, variables: Variables, steps: list[int]) -> int:
        """The value, at most MOST; `steps` are the values of the sums before this one."""
        total = self.known
        for times, size, step in self.products:
            value = times if size is None else times * size(variables)
            total += value if step is None else value * steps[step.index]
        return min(MOST, total)


@dataclass(slots=True)
class Program:
    """Sums in an order in which each needs only those before it, so that shared ones are worked out once."""

    sums: list[Sum] = field(default_factory=list)

    def term(self, total: Sum) -> Term:
        """What stands for this sum in others: its value if that is known, else its place."""
        if not total.products:
            return total.known
        self.sums.append(total)
        return Step(len(self.sums) - 1)

    def run(self, last: Term, variables: Variables) -> int:
        """The value of `last`. Takes time in proportion to the sums, however often they are used."""
        if isinstance(last, int):
            return last
        steps: list[int] = []
        for one in self.sums[: last.index + 1]:
            steps.append(one.of(variables, steps))
        return steps[last.index]
