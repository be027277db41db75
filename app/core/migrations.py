"""Brings the database to the newest shape, and says whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text

from app.core.db import Session

_LOCK = 7_245_110_001
"""Advisory lock: two processes that start at once migrate one after the other."""


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101  the code ships with migrations
    return revision


def migrate(owner_url: str) -> None:
    """Run every migration that is missing, as the owner. Safe to call at once from many processes."""
    url = make_url(owner_url.replace("postgres://", "postgresql://", 1))
    engine = create_engine(url.set(drivername="postgresql+psycopg"))
    config = _config()
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


async def current(session: Session) -> str | None:
    """The revision of the database; None if it was never migrated."""
    exists = await session.execute(text("select to_regclass('alembic_version') is not null"))
    if not exists.scalar_one():
        return None
    found = await session.execute(text("select version_num from alembic_version"))
    return found.scalar_one_or_none()


def _config() -> Config:
    root = Path(__file__).parents[2]
    config = (
        Config(toml_file=root / "pyproject.toml")
        if (root / "pyproject.toml").exists()
        else Config()
    )
    config.set_main_option("script_location", str(root / "migrations"))
    return config
