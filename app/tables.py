"""Imports every table, so that the metadata is whole for Alembic and for tests."""

from sqlmodel import SQLModel

from app.accounts import models as accounts
from app.background import models as background
from app.collections import models as collections
from app.core import idempotency, outbox
from app.embeddings import models as embeddings
from app.files import models as files
from app.metadata import models as metadata
from app.presets import models as presets
from app.search import models as search
from app.uploads import models as uploads

METADATA = SQLModel.metadata
MODULES = (
    outbox,
    idempotency,
    accounts,
    metadata,
    files,
    background,
    embeddings,
    collections,
    search,
    presets,
    uploads,
)
