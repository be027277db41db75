"""Which tests fit which type of metadata key, and what they are in canonical form. Pure.

Of a varchar and of an option the first 512 characters are compared (`app.metadata.values`).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.errors import Invalid, Path
from app.files.comparisons import RangeTest, TextTest
from app.metadata import values
from app.metadata.kinds import Embedding, Enumeration, Scalar, ScalarKind
from app.metadata.values import PREFIX_LENGTH
from app.search.filters import MetadataTest
from app.search.keys import Key

_FIT = {
    ScalarKind.BOOLEAN: ("flag", "exists"),
    ScalarKind.DATETIME: ("instant", "exists"),
    ScalarKind.NUMBER: ("number", "exists"),
    ScalarKind.UUID: ("text", "exists"),
    ScalarKind.VARCHAR: ("text", "exists"),
    ScalarKind.TEXT: ("words", "exists"),
}
_MEMBERS = ("text", "number", "instant", "flag", "words", "exists")
_NO_PARTS = "an enumeration has no parts; eq, ne, in, notIn and isNull fit"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A test whose one member fits the key; what it compares with is in canonical form."""

    key: Key
    test: MetadataTest


def fitted(test: MetadataTest, key: Key, at: Path) -> Fitted:
    """The test for this key. Raises Invalid, with the path of the fault, for what does not fit its type."""
    given = [name for name in _MEMBERS if getattr(test, name) is not None]
    fitting = _fitting(key)
    for name in given:
        if name not in fitting:
            told = " or ".join(fitting) or "no comparison"
            message = f"The key `{key.name}` is of type {key.told}: {told} fits, {name} does not."
            raise Invalid(message, field=(*at, "is", name))
    return Fitted(key, _canonical(test, key, at))


def _fitting(key: Key) -> tuple[str, ...]:
    if isinstance(key.type, Enumeration):
        return ("text", "exists")
    if isinstance(key.type, Embedding):
        return ("exists",)
    return _FIT[key.type.kind] if isinstance(key.type, Scalar) else ()


def _canonical(test: MetadataTest, key: Key, at: Path) -> MetadataTest:
    if test.instant is not None:
        return replace(test, instant=_microseconds(test.instant))
    if test.text is None:
        return test
    at = (*at, "is", "text")
    if isinstance(key.type, Enumeration):
        return replace(test, text=_options(test.text, key, key.type, at))
    if key.type == Scalar(ScalarKind.UUID):
        return replace(test, text=_uuids(test.text, key, at))
    return replace(test, text=_each(test.text, at, _short, _short))


def _microseconds(test: RangeTest) -> RangeTest:
    def number(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [number(one) for one in value]
        return values.microseconds(value) if isinstance(value, datetime) else value

    return RangeTest(**{member.name: number(getattr(test, member.name)) for member in fields(test)})


def _short(value: str, at: Path) -> str:
    if len(value) > PREFIX_LENGTH:
        message = f"Of a varchar the first {PREFIX_LENGTH} characters are compared; this has {len(value)}."
        raise Invalid(message, field=at)
    return value


def _uuids(test: TextTest, key: Key, at: Path) -> TextTest:
    def whole(value: str, at: Path) -> str:
        try:
            return str(UUID(value)) if len(value) == 36 else _refuse(value)
        except ValueError:
            message = f"The key `{key.name}` is of type UUID; {value[:80]!r} is none."
            raise Invalid(message, field=at) from None

    def part(value: str, _: Path) -> str:
        return value.lower()

    return replace(_each(test, at, whole, part), ignore_case=False)


def _refuse(value: str) -> str:
    raise ValueError(value)


def _options(test: TextTest, key: Key, type_: Enumeration, at: Path) -> TextTest:
    def option(value: str, at: Path) -> str:
        if value not in type_.values:
            some = ", ".join(f"`{one[:40]}`" for one in type_.values[:10])
            more = ", …" if len(type_.values) > 10 else ""
            message = (
                f"`{value[:80]}` is no option of the key `{key.name}`; there are {some}{more}."
            )
            raise Invalid(message, field=at)
        return value[:PREFIX_LENGTH]

    for name in ("contains", "starts_with", "ignore_case"):
        if getattr(test, name) not in {None, False}:
            raise Invalid(f"The key `{key.name}`: {_NO_PARTS}.", field=(*at, name))
    return _each(test, at, option, option)


Check = Callable[[str, Path], str]


def _each(test: TextTest, at: Path, whole: Check, part: Check) -> TextTest:
    """The test with its whole texts and its parts of texts checked."""

    def listed(texts: Any, at: Path) -> list[str] | None:
        if texts is None:
            return None
        return [whole(one, (*at, number)) for number, one in enumerate(texts)]

    def one(name: str, check: Check) -> str | None:
        value = getattr(test, name)
        return None if value is None else check(value, (*at, name))

    return replace(
        test,
        eq=one("eq", whole),
        ne=one("ne", whole),
        in_=listed(test.in_, (*at, "in")),
        not_in=listed(test.not_in, (*at, "not_in")),
        contains=one("contains", part),
        starts_with=one("starts_with", part),
    )
