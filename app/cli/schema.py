"""`labelgraph schema`: the public schema as text, beside the copy in the repository."""

import difflib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.ground import fail

FILE = Path(__file__).parents[2] / "schema" / "schema.graphql"


def schema(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Fail if schema/schema.graphql says something else.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Write schema/schema.graphql.")] = False,
) -> None:
    """Print the schema in GraphQL's own language."""
    from schema.build import build  # noqa: PLC0415  it takes a second, which other commands need not wait

    text = build(is_sorted=True).as_str().rstrip("\n") + "\n"
    if write:
        FILE.write_text(text)
    elif check:
        _compare(text)
    else:
        typer.echo(text, nl=False)


def _compare(text: str) -> None:
    committed = FILE.read_text() if FILE.exists() else ""
    if committed == text:
        Console().print("schema/schema.graphql is up to date.")
        return
    lines = difflib.unified_diff(
        committed.splitlines(), text.splitlines(), "schema.graphql", "the code", lineterm="", n=1
    )
    typer.echo("\n".join(list(lines)[:60]), err=True)
    fail("schema/schema.graphql is out of date: run `make schema` and commit it.")
