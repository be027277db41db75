"""Thousands of files at once, as the owner of the database: what the API would take minutes for."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from app.core.runtime import Runtime
from app.core.settings import Settings
from app.files.models import Folder
from app.search.indexes import Purpose
from tests.world import Person

NOTHING = "'{}'::jsonb"


def owner(settings: Settings) -> psycopg.Connection[Any]:
    """A connection of the owner of the tables, which commits by itself."""
    url = make_url(settings.database_url or "").set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def fill(
    settings: Settings,
    person: Person,
    folder: Folder,
    count: int,
    *,
    attrs: str = NOTHING,
    name: str = "'file ' || g",
) -> None:
    """Put `count` images into a folder; `attrs` and `name` are SQL over their number `g`, from 1."""
    attrs, name = attrs.replace("%", "%%"), name.replace("%", "%%")
    with owner(settings) as connection:
        connection.execute(
            "insert into file (organisation_id, id, folder_id, type, name, description,"
            " storage_location, byte_size, is_component, is_tombstone, attrs, created_at, updated_at)"
            " select %s, (lpad(to_hex(1577836800000 + g), 12, '0') || '7000'"
            "  || '8' || substr(md5(g::text || %s), 1, 15))::uuid,"
            f" %s, 'IMAGE', {name}, '', 'OWN', g, false, false, {attrs}, now(), now()"
            " from generate_series(1, %s) g",
            (person.organisation_id, person.email, folder.id, count),
        )


def with_threshold(runtime: Runtime, files: int) -> Runtime:
    """The same process, if indexes began at so many files."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"index_threshold": files}))


def tables_of(
    settings: Settings, organisation_id: UUID, purpose: Purpose = Purpose.VALUES
) -> dict[str, bool]:
    """The indexes by key of an organisation for a purpose, and whether each is valid."""
    with owner(settings) as connection:
        found = connection.execute(
            "select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid"
            " where c.relname like %s",
            (f"file\\_{purpose.of_key}%\\_{organisation_id.hex}",),
        )
        return dict(found.fetchall())
