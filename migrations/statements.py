"""Runs a script of SQL inside a migration, or prints it."""

from alembic import context, op


def run(script: str) -> None:
    """Every statement of `script`, in the migration's transaction."""
    if context.is_offline_mode():
        context.get_context().impl.static_output(script)
        return
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101  online there is always a connection
    driver.execute(script)  # without parameters the driver takes many statements at once


def is_superuser() -> bool:
    """Whether leakproof functions may be created; assumed when printing."""
    if context.is_offline_mode():
        return True
    query = "select rolsuper from pg_roles where rolname = current_user"
    return bool(op.get_bind().exec_driver_sql(query).scalar())
