"""Filters of another product: the definition document of a preset, as a filter in the API's words. Pure.

{"local_filters": {"<folder's UUID>": {"filters": [...]}}, "global_filters": {"filters": [...]}}

A filter is {"key", "type", "include", "values"}: the value of a metadata key of this type is one of these, or
with `include: false` none of them. All of a list hold. Those of the nil UUID and the global ones hold everywhere;
those of a folder hold in that folder, and if there are any, files in no such folder are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from app.core import ids
from app.core.errors import Invalid, Path
from app.core.ids import Kind
from app.metadata.kinds import ALIASES, ScalarKind

NOWHERE = UUID(int=0)
DOCUMENT: Path = ("document",)
_PARTS = ("local_filters", "global_filters")
_MEMBERS = ("key", "type", "include", "values")
Json = dict[str, Any]


def translated(document: object) -> Json:
    """The filter that a document means. Raises Invalid, with a JSON pointer, for what is unclear."""
    whole = _object(document, "", _PARTS)
    everywhere = _list(whole.get("global_filters", {"filters": []}), "/global_filters")
    scopes = _mapping(whole.get("local_filters", {}), "/local_filters")
    places = []
    for name, held in scopes.items():
        at = f"/local_filters/{_escaped(name)}"
        folder, tests = _uuid(name, at), _list(held, at)
        if folder == NOWHERE:
            everywhere += tests
        elif tests:
            places.append(_in_folder(folder, tests))
    if len(places) > 1:
        places = [{"or": places}]
    return {"and": [*everywhere, *places]}


@contextmanager
def blamed() -> Iterator[None]:
    """What is refused inside the block is the document's fault: paths in the translation would mean nothing."""
    try:
        yield
    except Invalid as refused:
        raise Invalid(refused.message, field=DOCUMENT) from refused


def _in_folder(folder: UUID, tests: list[Json]) -> Json:
    place = {"id": ids.encode(Kind.FOLDER, folder), "recursive": True}
    return {"folder": place, "and": tests}


def _list(held: object, at: str) -> list[Json]:
    filters = _object(held, at, ("filters",)).get("filters", [])
    if not isinstance(filters, list):
        raise _unclear(f"{at}/filters", "a list of filters", filters)
    return [_filter(one, f"{at}/filters/{number}") for number, one in enumerate(filters)]


def _filter(given: object, at: str) -> Json:
    one = _object(given, at, _MEMBERS)
    key, values, include = one.get("key"), one.get("values"), one.get("include", True)
    if not isinstance(key, str):
        raise _unclear(f"{at}/key", "the name of a metadata key", key)
    if not isinstance(values, list) or not values:
        raise _unclear(f"{at}/values", "a list of at least one value", values)
    if not isinstance(include, bool):
        raise _unclear(f"{at}/include", "true or false", include)
    test = _test(key, one.get("type"), values, at)
    return test if include else {"not": test}


def _test(key: str, type_: object, values: list[Any], at: str) -> Json:
    """That the key's value is one of these."""
    kind = ALIASES.get(type_, type_) if isinstance(type_, str) else ""
    if kind not in _OF_KIND:
        raise _unclear(f"{at}/type", f"one of {', '.join(_OF_KIND)}", type_)
    name, is_one, told = _OF_KIND[kind]
    for number, value in enumerate(values):
        if not is_one(value):
            raise _unclear(f"{at}/values/{number}", told, value)
    if name in {"flag", "words"}:
        each = [_predicate(key, name, _plain(name, value)) for value in values]
        return each[0] if len(each) == 1 else {"or": each}
    return _predicate(key, name, {"in": values})


def _predicate(key: str, name: str, value: Any) -> Json:
    return {"metadata": [{"key": key, "is": {name: value}}]}


def _plain(name: str, value: Any) -> Any:
    if name == "words":
        return f'"{value}"'
    return value if isinstance(value, bool) else value == "true"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return value in (True, False, "true", "false") and not _is_number(value)


def _is_phrase(value: object) -> bool:
    return isinstance(value, str) and '"' not in value


_TEXT: tuple[str, Callable[[object], bool], str] = ("text", _is_text, "a text")
_OF_KIND: Mapping[str, tuple[str, Callable[[object], bool], str]] = {
    ScalarKind.BOOLEAN: ("flag", _is_flag, "true or false"),
    ScalarKind.DATETIME: ("instant", _is_text, "an instant in ISO 8601"),
    ScalarKind.NUMBER: ("number", _is_number, "a number"),
    ScalarKind.UUID: _TEXT,
    ScalarKind.VARCHAR: _TEXT,
    ScalarKind.TEXT: ("words", _is_phrase, "a text without quotation marks"),
    "enum": _TEXT,
}
"""By type: the member of the predicate, what a value must be, and how to say that."""


def _object(value: object, at: str, members: tuple[str, ...]) -> Json:
    found = _mapping(value, at)
    for name in found:
        if name not in members:
            raise _unclear(f"{at}/{_escaped(name)}", f"nothing but {', '.join(members)}", name)
    return found


def _mapping(value: object, at: str) -> Json:
    if not isinstance(value, dict):
        raise _unclear(at, "an object", value)
    return value


def _uuid(name: str, at: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise _unclear(at, "the UUID of a folder", name) from None


def _escaped(name: str) -> str:
    return name[:80].replace("~", "~0").replace("/", "~1")


def _unclear(at: str, expected: str, found: object) -> Invalid:
    message = f"{at or '/'}: expected {expected}, found {repr(found)[:80]}."
    return Invalid(message, field=DOCUMENT)
