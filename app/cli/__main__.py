"""`python -m app.cli` is `labelgraph`."""

from app.cli import main

main()
