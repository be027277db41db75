"""Search: background jobs, indexes by metadata key, vectors, plots, near duplicates, collections, presets."""

from pathlib import Path

from migrations.statements import is_superuser, run

revision = "0002"
down_revision = "0001"

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Tables, their walls, and what makes a table of vectors."""
    run((SQL / "0002_search.sql").read_text())
    run((SQL / "0002_operators.sql").read_text())
    if is_superuser():  # without one, searches are right but slow (doctor says so)
        run((SQL / "0002_leakproof.sql").read_text())


def downgrade() -> None:
    """Nothing that people have put there may go by the way."""
    raise RuntimeError("Search cannot be taken back without losing vectors and collections.")
