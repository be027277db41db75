"""What can be done to encoders: set the one of a key, and take it away."""

from sqlalchemy import text

from app.accounts.actor import Actor
from app.accounts.permissions import Permission
from app.core import clock, texts
from app.core.db import Tx
from app.core.errors import Conflict, Invalid, Path, RevisionConflict
from app.core.runtime import Runtime
from app.embeddings import encoder_kinds, encoder_queries, local_models, outgoing
from app.embeddings.encoder_errors import EncoderMissing
from app.embeddings.encoder_kinds import Kind, Local, OpenAi, Service
from app.embeddings.encoder_queries import EncodedKey
from app.embeddings.models import Encoder
from app.metadata import queries as metadata
from app.metadata.models import MetadataKey

LONGEST_URL = 2_048
LONGEST_MODEL = 255
LONGEST_SECRET = 16_384

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def set_encoder(
    tx: Tx,
    actor: Actor,
    runtime: Runtime,
    key_name: str,
    kind: Kind,
    *,
    expected_revision: int | None = None,
) -> MetadataKey:
    """Give a key this encoder in the place of any other; a secret that is not given again is gone."""
    found = await _locked(tx, actor, key_name)
    _must_match(found, expected_revision)
    await _check(runtime, kind, found)
    row, number = found.encoder, found.key.number
    if row is None:
        row = Encoder(organisation_id=actor.organisation_id, key_number=number, kind=kind.KIND)
    else:
        row.revision += 1
    row.kind = kind.KIND
    row.configuration = encoder_kinds.shown(kind)
    row.credentials = encoder_kinds.sealed(kind, runtime.secret, actor.organisation_id, number)
    row.updated_at = clock.now()
    tx.add(row)
    await tx.flush()
    return found.key


async def remove_encoder(
    tx: Tx, actor: Actor, key_name: str, *, expected_revision: int | None = None
) -> MetadataKey:
    """Take a key's encoder away. Its vectors stay."""
    found = await _locked(tx, actor, key_name)
    _must_match(found, expected_revision)
    if found.encoder is None:
        raise EncoderMissing(key_name)
    await tx.delete(found.encoder)
    await tx.flush()
    return found.key


async def _locked(tx: Tx, actor: Actor, key_name: str) -> EncodedKey:
    """The key, which nobody deletes meanwhile, nor gives an encoder."""
    actor.must(Permission.EDIT_METADATA_SCHEMA)
    await metadata.pin(tx, actor.organisation_id)
    await tx.execute(_LOCK, {"name": f"encoders:{actor.organisation_id.hex}"})
    return await encoder_queries.encoded_key(tx, actor, key_name)


def _must_match(found: EncodedKey, expected_revision: int | None) -> None:
    revision = found.encoder.revision if found.encoder else 0
    if expected_revision in {None, revision}:
        return
    raise RevisionConflict(
        f"The encoder is at revision {revision}; read it again, then decide.",
        field=("expected_revision",),
        answer={"key": found.key.id.hex},
    )


async def _check(runtime: Runtime, kind: Kind, found: EncodedKey) -> None:
    """Raises what the caller can mend; whether the encoder answers is not tried."""
    match kind:
        case OpenAi():
            texts.checked(kind.model, field=_at("open_ai", "model"), most=LONGEST_MODEL)
            await _check_endpoint(runtime, kind, "open_ai", "api_key")
        case Service():
            _check_paths(kind)
            await _check_endpoint(runtime, kind, "endpoint", "token")
        case Local():
            _check_model(kind, found)


async def _check_endpoint(
    runtime: Runtime, kind: OpenAi | Service, member: str, secret_member: str
) -> None:
    texts.checked(kind.url, field=_at(member, "url"), most=LONGEST_URL)
    await outgoing.check(runtime, outgoing.parsed(kind.url, _at(member, "url")), _at(member, "url"))
    if kind.secret is None:
        return
    texts.checked(kind.secret, field=_at(member, secret_member), most=LONGEST_SECRET)
    if not kind.secret.isascii() or not kind.secret.isprintable() or not kind.secret.strip():
        raise Invalid(
            "A secret is sent in a header: printable ASCII.", field=_at(member, secret_member)
        )


def _check_paths(kind: Service) -> None:
    paths = {"text_path": kind.text_path, "image_path": kind.image_path}
    if not any(paths.values()):
        raise Invalid("Give a path for texts, for images, or both.", field=_at("endpoint"))
    for name, path in paths.items():
        if path is not None and not _is_path(path):
            raise Invalid(
                "A path begins with a slash and is of letters, digits and -._~/?=&",
                field=_at("endpoint", name),
            )


def _is_path(path: str) -> bool:
    allowed = all(char.isalnum() or char in "-._~/?=&" for char in path)
    return path.isascii() and path.startswith("/") and len(path) <= LONGEST_URL and allowed


def _check_model(kind: Local, found: EncodedKey) -> None:
    dimensions = local_models.MODELS[kind.model].dimensions
    if dimensions != found.dimensions:
        raise Conflict(
            f"{kind.model.value} makes vectors of {dimensions:,} numbers, and {found.key.name!r} has"
            f" {found.dimensions:,}.",
            field=_at("local", "model"),
        )
    local_models.check_installed(kind.model)


def _at(*members: str) -> Path:
    return ("encoder", *members)
