"""Column types that every table shares."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator
from sqlmodel import Field, SQLModel

# PostgreSQL's own way of naming, so that hand-written SQL and the models agree
SQLModel.metadata.naming_convention = {
    "ix": "%(table_name)s_%(column_0_N_name)s_index",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

Timestamp = DateTime(timezone=True)


class TextEnum(TypeDecorator[StrEnum]):
    """A StrEnum kept as text: values can be added without rewriting a type."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Text for the database."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """The member for Python."""
        return None if value is None else self.enum(value)


def text_enum(enum: type[StrEnum]) -> TextEnum:
    """The column type of a StrEnum."""
    return TextEnum(enum)


def tenant(**options: Any) -> UUID:
    """The organisation a row belongs to: first column of every tenant's keys."""
    return Field(foreign_key="organisation.id", ondelete="CASCADE", **options)  # type: ignore[no-any-return]
