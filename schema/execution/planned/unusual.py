"""When the planned road gives up."""


class Unusual(Exception):
    """A value that the generated code does not know: graphql-core's road takes it, and says what is wrong."""


class Unresolved(Exception):
    """A resolver has failed with `error`: graphql-core is told of that, and the resolver is not asked again."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
