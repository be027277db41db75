"""Alembic's entry: runs migrations on the connection it is given, or prints their SQL."""

import re

from alembic import context
from sqlalchemy import Connection

from app.tables import METADATA

config = context.config


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Whether comparison should look at it.

    Not the job library's tables, not the partitions of `file` nor the tables of vectors, nor the copies that
    PostgreSQL makes of foreign keys for each partition (`…_fkey_1`), nor the index that depends on who migrates.
    """
    name = name or ""
    if kind == "table":
        return not name.startswith(("procrastinate_", "file_part", "vectors_"))
    if kind == "index":
        return name != "file_text_words"
    return kind != "foreign_key_constraint" or not re.search(r"_fkey_?\d+$", name)


def run(connection: Connection | None) -> None:
    """Run or print, inside one transaction per migration."""
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        target_metadata=METADATA,
        include_name=is_ours,
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run(None if context.is_offline_mode() else config.attributes["connection"])
