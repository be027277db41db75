"""Imports every table, so that the metadata is whole for Alembic and for tests."""

from sqlmodel import SQLModel

from app.accounts import models as accounts
from app.core import idempotency, outbox
from app.files import models as files
from app.metadata import models as metadata
from app.uploads import models as uploads

METADATA = SQLModel.metadata
MODULES = (outbox, idempotency, accounts, metadata, files, uploads)
