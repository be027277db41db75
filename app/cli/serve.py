"""`labelgraph serve`: the API server."""

from app.cli.ground import Host, Port, WithParent, fail, settings, starting
from app.core import server
from app.core.provision import provided


def serve(*, host: Host = None, port: Port = None, with_parent: WithParent = False) -> None:
    """Serve the GraphQL API until Ctrl-C or SIGTERM.

    Without DATABASE_URL and REDIS_URL it starts its own PostgreSQL and Valkey. The database must have been
    brought up to date by `labelgraph migrate`.
    """
    from app import main  # noqa: PLC0415  it takes a second, which other commands need not wait

    chosen = settings(host=host, port=port)
    if (obstacle := server.obstacle(chosen.host, chosen.port)) is not None:
        fail(obstacle)
    if with_parent:
        server.stop_with_parent()
    with starting("The server"), provided(chosen) as complete:
        main.run(complete)
