"""The command line: `labelgraph …`. One file a command; what is heavy is imported when it is needed."""

import typer

from app.cli import (
    demo,
    doctor,
    migrate,
    organisation,
    partition,
    password,
    register,
    schema,
    serve,
    token,
    upload,
    worker,
)

SUMMARY = "A self-hosted GraphQL API server for data annotation."


def main() -> None:
    """Do what the command line says."""
    commands()()


def commands() -> typer.Typer:
    """Every command by its name."""
    cli = typer.Typer(
        name="labelgraph",
        help=SUMMARY,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # they show variables, which may hold secrets
    )
    cli.command("demo")(demo.demo)
    cli.command("serve")(serve.serve)
    cli.command("worker")(worker.work)
    cli.command("migrate")(migrate.migrate)
    cli.command("doctor")(doctor.doctor)
    cli.command("partition")(partition.partition)
    cli.command("upload")(upload.upload)
    cli.command("register")(register.register)
    cli.command("schema")(schema.schema)
    cli.command("password")(password.password)
    tokens = typer.Typer(help="Create, list and revoke API tokens.", no_args_is_help=True)
    tokens.command("create")(token.create)
    tokens.command("list")(token.show)
    tokens.command("revoke")(token.revoke)
    cli.add_typer(tokens, name="token")
    organisations = typer.Typer(help="Found organisations.", no_args_is_help=True)
    organisations.command("create")(organisation.create)
    cli.add_typer(organisations, name="organisation")
    return cli
