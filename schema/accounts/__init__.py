"""People, organisations, groups, tokens, keys and tags."""

from schema.accounts import enums  # noqa: F401  before every type that has one of them
