"""pgvector's types and operators for statements. PostgreSQL uses an index only for the very same expression."""

from typing import Any

from sqlalchemy import ColumnElement, Float, literal_column
from sqlalchemy.types import UserDefinedType

from app.embeddings.tables import bits


class HalfVector(UserDefinedType[Any]):
    """pgvector's `halfvec(n)`."""

    render_bind_cast = True
    cache_ok = True

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return f"halfvec({self.dimensions})"


class Bits(UserDefinedType[Any]):
    """PostgreSQL's `bit(n)`."""

    cache_ok = True

    def __init__(self, length: int) -> None:
        self.length = length

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return f"bit({self.length})"


def distance(vector: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[float]:
    """pgvector's cosine distance, 0 (alike) to 2 (opposite)."""
    found: ColumnElement[float] = vector.op("<=>", return_type=Float())(other)
    return found


def bits_of(alias: str, dimensions: int) -> ColumnElement[Any]:
    """The bits of the column `vector` of a table, as its index has them."""
    return literal_column(bits(f"{alias}.vector", dimensions), Bits(dimensions))


def bits_apart(some: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[float]:
    """In how many bits two vectors differ."""
    found: ColumnElement[float] = some.op("<~>", return_type=Float())(other)
    return found
