"""Cursors: the sort values of a row as an opaque text, which says what list it was made for.

The text is the list's mark and the values in JSON, in base64. Where the id alone is sorted by, as it is nearly
everywhere, it is the mark and the id's 32 digits.
"""

import base64
from binascii import b2a_base64
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, ColumnElement, Uuid

from app.core import texts
from app.core.errors import Invalid

MARK_LENGTH = 10
_FOR_URLS = bytes.maketrans(b"+/", b"-_")


class Keys:
    """What the rows of a list are sorted by: reads and writes its cursors. The `nullable` may lack a value."""

    def __init__(
        self, columns: Sequence[ColumnElement[Any]], nullable: Collection[str] = ()
    ) -> None:
        self._columns = columns
        self._nullable = nullable
        self._names = [column.name for column in columns]
        self._is_by_id = self._names == ["id"] and isinstance(columns[0].type, Uuid)

    def cursors(self, rows: Sequence[Any], mark: str) -> list[str]:
        """Where each of these rows stands in the list of this mark."""
        if self._is_by_id:
            return [f"{mark}{row['id'].hex}" for row in rows]
        return [_encoded([mark, *[_plain(row[name]) for name in self._names]]) for row in rows]

    def values(self, cursor: str, mark: str, field: str) -> list[Any]:
        """The sort values of a cursor. Raises Invalid if it was not made for this list, filter and sort."""
        try:
            found, values = self._read(cursor)
        except (ValueError, TypeError):
            raise _not_ours(field) from None
        if found != mark:
            message = "This cursor belongs to another filter or sort; begin anew."
            raise Invalid(message, field=(field,))
        if len(values) != len(self._columns) or not all(map(self._fits, self._columns, values)):
            raise _not_ours(field)  # a forged one, which must not reach the database
        return values

    def _read(self, cursor: str) -> tuple[Any, list[Any]]:
        """The mark and the values; of lists in another order, too, so that they can be told from nonsense."""
        own, other = (_by_id, _decoded) if self._is_by_id else (_decoded, _by_id)
        try:
            return own(cursor)
        except (ValueError, TypeError):
            return other(cursor)

    def _fits(self, column: ColumnElement[Any], value: Any) -> bool:
        return column.name in self._nullable if value is None else _fits(column, value)


def _not_ours(field: str) -> Invalid:
    return Invalid("This is not a cursor of ours.", field=(field,))


def _by_id(cursor: str) -> tuple[str, list[Any]]:
    mark, digits = cursor[:MARK_LENGTH], cursor[MARK_LENGTH:]
    if len(digits) != 32 or not (digits.isascii() and digits.isalnum()):
        raise ValueError
    return mark, [UUID(hex=digits)]


def _encoded(values: list[Any]) -> str:
    told = b2a_base64(orjson.dumps(values), newline=False)
    return told.translate(_FOR_URLS).rstrip(b"=").decode()


def _decoded(cursor: str) -> tuple[Any, list[Any]]:
    found, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return found, list(map(_typed, values))


def _fits(column: ColumnElement[Any], value: Any) -> bool:
    kind = getattr(column.type, "impl_instance", column.type)  # a decorator alone would say: object
    match value:
        case str():
            is_kept = texts.is_storable(value)
        case int():
            is_kept = abs(value) < 1 << (63 if isinstance(kind, BigInteger) else 31)
        case datetime():
            is_kept = value.tzinfo is not None
        case _:
            is_kept = True
    return is_kept and isinstance(value, kind.python_type)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return {"u": value.hex}
    return {"t": value.isoformat()} if isinstance(value, datetime) else value


def _typed(value: Any) -> Any:
    match value:
        case {"u": str(text)}:
            return UUID(hex=text)
        case {"t": str(text)}:
            return datetime.fromisoformat(text)
    return value
