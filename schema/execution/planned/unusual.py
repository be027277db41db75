"""When the planned road gives up."""


class Unusual(Exception):
    """A value that the generated code does not know: graphql-core's road takes it, and says what is wrong."""
