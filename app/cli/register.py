"""`labelgraph register`: registers files that lie in a bucket, as a JSON or CSV document names them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli import remote
from app.cli.remote import Again, Folder, IgnoreErrors, Token, Url
from app.client import registration, sending
from app.client.graphql import Api
from app.client.sending import LocalFile
from app.core import clock

SOURCES = {".json": ("jsonUploadId", "application/json"), ".csv": ("csvUploadId", "text/csv")}


def register(
    folder: Folder,
    document: Annotated[
        Path,
        typer.Argument(
            help="A .json or .csv document.", exists=True, dir_okay=False, readable=True
        ),
    ],
    *,
    integration: Annotated[
        str | None,
        typer.Option(help="Id of the integration through which the objects are reached, intg_…."),
    ] = None,
    ignore_errors: IgnoreErrors = True,
    again: Again = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Register the files that a document names, and follow the job to its end.

    Exit code: 0 if everything was registered, 1 if some units failed, 2 if the job failed.
    """
    if document.suffix.lower() not in SOURCES:
        raise typer.BadParameter("The document's name must end in .json or .csv.")
    source, content_type = SOURCES[document.suffix.lower()]
    salt = clock.new_id().hex if again else ""
    console = Console()

    async def work(api: Api) -> int:
        file = LocalFile(document, None, content_type)
        (upload_id,) = await sending.send(api, folder, [file], purpose="DOCUMENT", salt=salt)
        job, is_replayed = await registration.register(
            api,
            folderId=folder,
            integrationId=integration,
            ignoreErrors=ignore_errors,
            fileName=document.name[-300:],
            source={source: upload_id},
            idempotencyKey=sending.fingerprint(upload_id, str(integration), str(ignore_errors)),
        )
        if is_replayed:
            console.print("An earlier run has started this job; --again starts a new one.")
        return await remote.follow(api, job, console)

    remote.connected(url, token, work)
