"""graphql-core's check that fields of one name agree, held to a tenth of a second."""

from graphql import OverlappingFieldsCanBeMergedRule, ValidationContext

COMPARISONS = 20_000
"""Units of the rule's own budget, which is 500,000: three seconds. Fifty fragments that meet in one place and have
four fields in common take 17,250."""


class OverlapsInTime(OverlappingFieldsCanBeMergedRule):
    """The same rule. What it cannot compare within its budget is refused, as "Validation aborted"."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = COMPARISONS
