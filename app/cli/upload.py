"""`labelgraph upload`: sends local files to the server and registers them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from app.cli import remote
from app.cli.ground import fail
from app.cli.remote import Again, Folder, IgnoreErrors, Token, Url
from app.client import registration, sending
from app.client.graphql import Api
from app.client.sending import LocalFile
from app.core import clock
from app.media import kinds
from app.media.info import MediaType

MOST_UNITS = 1_000
"""Units in one job of typed items."""


def upload(
    folder: Folder,
    paths: Annotated[
        list[Path], typer.Argument(help="Files, and folders whose files are sent.", exists=True)
    ],
    *,
    ignore_errors: IgnoreErrors = True,
    again: Again = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Send files to the server's own store and register them in a folder.

    DICOM files of one series (by SeriesInstanceUID) become one; every other file stands for itself. Started again
    after a break within a day, it goes on where it was. Exit code: 0 if everything was registered, 1 if some units
    failed, 2 if a job failed.
    """
    console = Console()
    files = [_recognised(path) for path in _files(paths)]
    unknown = [file.path for file in files if file.type is None]
    for path in unknown:
        console.print(f"{path} is of no type that can be registered, and is left out.")
    units = _units([file for file in files if file.type is not None])
    if not units:
        fail("There is nothing to upload.", remote.JOB_FAILED)
    salt = clock.new_id().hex if again else ""

    async def work(api: Api) -> int:
        codes = [remote.SOME_FAILED] if unknown else [0]
        for start in range(0, len(units), MOST_UNITS):
            batch = units[start : start + MOST_UNITS]
            items = await _sent(api, folder, batch, console, salt)
            job, is_replayed = await registration.register(
                api,
                folderId=folder,
                ignoreErrors=ignore_errors,
                source={"items": items},
                idempotencyKey=sending.fingerprint(str(items), str(ignore_errors)),
            )
            if is_replayed:
                console.print("An earlier run has registered these; --again does it once more.")
            codes.append(await remote.follow(api, job, console))
        return max(codes)

    remote.connected(url, token, work)


async def _sent(
    api: Api, folder: str, units: Sequence[Sequence[LocalFile]], console: Console, salt: str
) -> list[dict[str, Any]]:
    """Send the files of these units; the units as registerFiles takes them."""
    files = [file for unit in units for file in unit]
    columns = (TextColumn("Uploading  "), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=sum(file.byte_size for file in files))
        upload_ids = iter(
            await sending.send(
                api,
                folder,
                files,
                advance=lambda byte_count: progress.advance(bar, byte_count),
                salt=salt,
            )
        )
    return [_item(unit, [next(upload_ids) for _ in unit]) for unit in units]


def _item(unit: Sequence[LocalFile], upload_ids: list[str]) -> dict[str, Any]:
    if unit[0].type == MediaType.DICOM_FILE:
        title = unit[0].path.resolve().parent.name[-300:] or "DICOM"
        return {"type": "DICOM_SERIES", "title": title, "uploadIds": upload_ids}
    return {"type": unit[0].type, "uploadIds": upload_ids}


def _units(files: Sequence[LocalFile]) -> list[list[LocalFile]]:
    """The files that are registered as one, each in the order given."""
    units: dict[str, list[LocalFile]] = {}
    for file in files:
        key = _series(file.path) if file.type == MediaType.DICOM_FILE else None
        units.setdefault(key or str(file.path), []).append(file)
    return list(units.values())


def _series(path: Path) -> str | None:
    """The SeriesInstanceUID of a DICOM file; None for one that does not tell."""
    import pydicom  # noqa: PLC0415  it takes a while, and few uploads need it
    from pydicom.errors import InvalidDicomError  # noqa: PLC0415

    try:
        tags = pydicom.dcmread(path, specific_tags=["SeriesInstanceUID"], stop_before_pixels=True)
    except (InvalidDicomError, OSError, ValueError):
        return None
    return str(tags.get("SeriesInstanceUID", "")) or None


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files themselves, and those in folders and below them, hidden ones left out."""
    for path in paths:
        if path.is_dir():
            inside = (found for found in sorted(path.rglob("*")) if found.is_file())
            yield from (one for one in inside if not one.name.startswith("."))
        else:
            yield path


def _recognised(path: Path) -> LocalFile:
    with path.open("rb") as file:
        kind = kinds.detect(file.read(kinds.HEAD_BYTES), path.name)
    return LocalFile(path, kind.type if kind else None, kind.mime_type if kind else None)
