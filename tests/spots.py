"""Where in the schema a client says an id, or another scalar, and operations that say one there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from app.core.ids import Kind
from schema.build import build

SCHEMA = build()._schema
Path = tuple[str, ...]
EACH = "[]"
ROOTS = {"Query", "Mutation", "Subscription"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the schema where a client says an id, or another scalar."""

    type: str
    field: str
    path: Path
    """Argument, members, and EACH for the members of a list."""

    def __str__(self) -> str:
        return f"{self.type}.{self.field}({'.'.join(self.path)})"


def spots(scalar: str = "ID") -> list[Spot]:
    """All of them for this scalar, by introspection."""
    return [
        Spot(owner.name, name, (argument, *path))
        for owner in SCHEMA.type_map.values()
        if isinstance(owner, GraphQLObjectType) and not owner.name.startswith("__")
        for name, field in owner.fields.items()
        for argument, given in field.args.items()
        for path in paths_of(scalar, given.type)
    ]


def paths_of(scalar: str, type_: GraphQLInputType, within: Path = ()) -> Iterator[Path]:
    """Where an input of this type holds such scalars; types that hold themselves are entered once."""
    plain = get_nullable_type(type_)
    if is_list_type(plain):
        yield from ((EACH, *path) for path in paths_of(scalar, plain.of_type, within))
    elif isinstance(plain, GraphQLInputObjectType):
        if plain.name not in within:
            for name, member in plain.fields.items():
                for path in paths_of(scalar, member.type, (*within, plain.name)):
                    yield (name, *path)
    elif get_named_type(type_).name == scalar:
        yield ()


KINDS = {
    "apiTokenId": Kind.API_TOKEN,
    "collectionId": Kind.COLLECTION,
    "fileId": Kind.FILE,
    "fileIds": Kind.FILE,
    "folderId": Kind.FOLDER,
    "grid": Kind.FILE,
    "groupId": Kind.GROUP,
    "groupIds": Kind.GROUP,
    "csvUploadId": Kind.UPLOAD,
    "integrationId": Kind.INTEGRATION,
    "jsonUploadId": Kind.UPLOAD,
    "list": Kind.FILE,
    "organisationId": Kind.ORGANISATION,
    "parentId": Kind.FOLDER,
    "plotId": Kind.EMBEDDING_PLOT,
    "presetId": Kind.FILTER_PRESET,
    "presetIds": Kind.FILTER_PRESET,
    "publicKeyId": Kind.PUBLIC_KEY,
    "sourceFolderId": Kind.FOLDER,
    "tagId": Kind.TAG,
    "targetFolderId": Kind.FOLDER,
    "uploadId": Kind.UPLOAD,
    "uploadIds": Kind.UPLOAD,
    "userId": Kind.USER,
    "userIds": Kind.USER,
    "folder": Kind.FOLDER,
    "member": Kind.MEMBER,
}
"""By the member that holds the id, or the one above it."""
KINDS_OF_FIELDS = {
    "backgroundJobProgress": Kind.BACKGROUND_JOB,
    "cancelBackgroundJob": Kind.BACKGROUND_JOB,
    "cancelUploadJob": Kind.UPLOAD_JOB,
    "createFilterPreset": Kind.FILE,
    "collection": Kind.COLLECTION,
    "collections": Kind.COLLECTION,
    "explainFilter": Kind.FILE,
    "file": Kind.FILE,
    "findNearDuplicates": Kind.FILE,
    "files": Kind.FILE,
    "filterPreset": Kind.FILTER_PRESET,
    "filterPresets": Kind.FILTER_PRESET,
    "folder": Kind.FOLDER,
    "folders": Kind.FOLDER,
    "integration": Kind.INTEGRATION,
    "integrationCheck": Kind.INTEGRATION,
    "integrations": Kind.INTEGRATION,
    "nearDuplicateGroups": Kind.BACKGROUND_JOB,
    "nearDuplicates": Kind.BACKGROUND_JOB,
    "retryUploadJob": Kind.UPLOAD_JOB,
    "updateFilterPreset": Kind.FILE,
    "upload": Kind.UPLOAD,
    "uploadJob": Kind.UPLOAD_JOB,
    "uploadProgress": Kind.UPLOAD_JOB,
}
"""By the field, where the member says only `id`, or the id of a job."""


def kinds_of(spot: Spot) -> list[Kind]:
    """What an id there may name."""
    if spot.field in {"node", "nodes"}:
        return [*Kind]
    named = [KINDS[part] for part in reversed(spot.path) if part in KINDS]
    return [named[0] if named else KINDS_OF_FIELDS[spot.field]]


def put(type_: GraphQLInputType, base: Any, path: Path, named: str) -> Any:
    """`base` with the id at `path`; what is missing on the way there is made up."""
    plain = get_nullable_type(type_)
    if not path:
        return named
    if path[0] == EACH:
        assert is_list_type(plain)
        return [put(plain.of_type, base[0] if base else None, path[1:], named)]
    assert isinstance(plain, GraphQLInputObjectType)
    is_one_of = plain.extensions["strawberry-definition"].is_one_of
    kept = {} if is_one_of else {**made_up(plain), **(base or {})}
    below = (base or {}).get(path[0])
    return {**kept, path[0]: put(plain.fields[path[0]].type, below, path[1:], named)}


def made_up(type_: GraphQLInputObjectType) -> dict[str, Any]:
    """The members that must be given."""
    return {
        name: _plausible(member.type)
        for name, member in type_.fields.items()
        if is_required_input_field(member)
    }


def _plausible(type_: GraphQLInputType) -> Any:
    named = get_named_type(type_)
    if is_list_type(get_nullable_type(type_)):
        return []
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    return {"Int": 1, "Float": 1.0, "JSON": {}}.get(named.name, "a")


def document_of(spot: Spot, field: GraphQLField, given: dict[str, Any]) -> str:
    """The operation that says the arguments and looks at what comes."""
    declared = ", ".join(f"${name}: {field.args[name].type}" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    asked = f"{spot.field}({passed}) {selection_of(field)}"
    if spot.type == "Mutation":
        return f"mutation ({declared}) {{ {asked} }}"
    if spot.type == "Query":
        return f"query ({declared}) {{ {asked} }}"
    return (
        f"query ($of: ID!, {declared}) {{ node(id: $of) {{ ... on {spot.type} {{ {asked} }} }} }}"
    )


def selection_of(field: GraphQLField) -> str:
    """What of a result is looked at: refusals, and names two levels down."""
    type_ = get_named_type(field.type)
    if not isinstance(type_, GraphQLObjectType):
        return "{ __typename }" if hasattr(type_, "fields") else ""
    parts = []
    for name, member in type_.fields.items():
        below = get_named_type(member.type)
        if name in {"query", "edges"} or any(map(is_required_argument, member.args.values())):
            continue
        if isinstance(below, GraphQLObjectType):
            parts.append(f"{name} {{ {' '.join(_leaves(below))} }}")
        elif name in NAMES:
            parts.append(name)
    return "{ " + " ".join(parts) + " }" if parts else "{ __typename }"


NAMES = {"name", "title", "email", "code", "message", "field", "value", "key", "__typename"}


def _leaves(type_: GraphQLObjectType) -> list[str]:
    return ["__typename", *(name for name in type_.fields if name in NAMES)]
