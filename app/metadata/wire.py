"""Key types as JSON: the form in which a whole schema is exported and imported.

{"site": {"ty": "variant", "hint": "varchar"}, "weather": {"ty": "enum", "values": ["rain"]}}
"""

from collections.abc import Mapping

from app.core.errors import Invalid, Path
from app.metadata import kinds
from app.metadata.kinds import Embedding, Enumeration, Geospatial, KeyType, LiveType, Scalar

_MEMBERS = {
    "variant": {"hint"},
    "enum": {"values"},
    "embedding": {"size", "api"},
    "geospatial": set(),
    "tombstone": {"deleted_ty"},
    "boolean": set(),
    "datetime": {"timezone"},
    "number": {"format"},
    "text": set(),
    "uuid": set(),
    "varchar": {"max_length"},
}
"""What may stand beside `ty`. The last six are how another server spells the scalars it stores."""


def to_wire(type_: KeyType) -> dict[str, object]:
    """The JSON object of one key type."""
    match type_:
        case Scalar():
            return {"ty": "variant", "hint": type_.kind.value}
        case Enumeration():
            return {"ty": "enum", "values": list(type_.values)}
        case Embedding():
            return {"ty": "embedding", "size": type_.size, "api": None}
        case Geospatial():
            return {"ty": "geospatial"}
    deleted = None if type_.deleted is None else to_wire(type_.deleted)
    return {"ty": "tombstone", "deleted_ty": deleted}


def from_wire(document: object, *, field: Path = ()) -> KeyType:
    """Read one key type; `field` is where it stands in the input.

    A `variant` without a hint is a text. The `api` of an embedding, the `format` of a number and
    such belong to the server that wrote them: they are understood and not kept.
    """
    members = _members(document, field)
    if members["ty"] != "tombstone":
        return _live(members, field)
    if "deleted_ty" not in members:
        raise Invalid(
            "A tombstone says in `deleted_ty` which type was deleted, or null if for good.",
            field=field,
        )
    deleted = members["deleted_ty"]
    if deleted is None:
        return kinds.Tombstone(None)
    inside = (*field, "deleted_ty")
    return kinds.Tombstone(_live(_members(deleted, inside), inside))


def _members(document: object, field: Path) -> Mapping[str, object]:
    if not isinstance(document, Mapping) or not isinstance(document.get("ty"), str):
        raise Invalid('A key type is an object that names itself, {"ty": "enum", …}.', field=field)
    name = document["ty"]
    if name not in _MEMBERS:
        known = ", ".join(_MEMBERS)
        raise Invalid(f"{name[:80]!r} is no key type; take one of {known}.", field=(*field, "ty"))
    strange = [str(member) for member in document if member not in {"ty", *_MEMBERS[name]}]
    if strange:
        raise Invalid(
            f"A key type `{name}` has no member {strange[0][:80]!r}.", field=(*field, strange[0])
        )
    return document


def _live(members: Mapping[str, object], field: Path) -> LiveType:
    match members["ty"]:
        case "variant":
            return _variant(members.get("hint", kinds.ScalarKind.TEXT), (*field, "hint"))
        case "enum":
            return _enumeration(members.get("values"), (*field, "values"))
        case "embedding":
            return _embedding(members.get("size"), (*field, "size"))
        case "geospatial":
            return Geospatial()
        case "tombstone":
            raise Invalid("A tombstone names a type that can live.", field=(*field, "ty"))
    return kinds.scalar(str(members["ty"]))


def _variant(hint: object, field: Path) -> Scalar:
    if not isinstance(hint, str):
        raise Invalid("The hint of a variant is the name of a scalar type.", field=field)
    return kinds.scalar(hint, field=field)


def _enumeration(values: object, field: Path) -> Enumeration:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Invalid("The values of an enumeration are a list of strings.", field=field)
    return kinds.enumeration(values, field=field)


def _embedding(size: object, field: Path) -> Embedding:
    if not isinstance(size, int) or isinstance(size, bool):
        raise Invalid("The size of an embedding is a whole number.", field=field)
    return kinds.embedding(size, field=field)
