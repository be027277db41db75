"""PDF documents: the number of pages."""

from pathlib import Path

from app.media.errors import corrupt, rejected, unsupported
from app.media.info import MediaInfo
from app.media.kinds import Kind

MAX_PAGES = 100_000


def read(path: Path, kind: Kind, name: str) -> MediaInfo:
    """How many pages the document says it has: the tree of the pages is not walked.

    Viewers go by the same number, and a walk reads one object for each page.
    """
    from pypdf import PdfReader  # noqa: PLC0415 - heavy
    from pypdf.generic import DictionaryObject  # noqa: PLC0415 - heavy

    with path.open("rb") as file:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise unsupported(name, "is locked with a password; send it without one.")
        pages = reader.root_object["/Pages"]
        count = pages["/Count"] if isinstance(pages, DictionaryObject) else None
    if not isinstance(count, int) or count < 1:
        raise corrupt(name, "is a PDF without pages.")
    if count > MAX_PAGES:
        raise rejected(name, f"declares {count:,} pages; the limit is {MAX_PAGES:,}.")
    return MediaInfo(
        type=kind.type,
        mime_type=kind.mime_type,
        byte_size=path.stat().st_size,
        page_count=count,
    )
