"""The house: people, metadata schema, files, uploads, the outbox, jobs; and the walls between organisations."""

from pathlib import Path

from procrastinate.schema import SchemaManager

from app.metadata import expressions
from migrations.statements import is_superuser, run

revision = "0001"
down_revision = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Everything, from nothing."""
    run((SQL / "0001_the_house.sql").read_text())
    run(SchemaManager.get_schema())
    run((SQL / "0001_jobs.sql").read_text())
    # without a superuser the casts are not leakproof: right, but slow below row security (doctor says so)
    for function in expressions.FUNCTIONS:
        run((function if is_superuser() else function.replace(" LEAKPROOF", "")) + ";")


def downgrade() -> None:
    """There is nothing before the house."""
    raise RuntimeError("The first migration cannot be undone; drop the database instead.")
