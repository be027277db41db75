"""Registration documents: a stream of bytes in, units out, in bounded memory (domain 3.2 to 3.7).

Call `inspect_json` or `inspect_csv` first: it reads the whole document, finds what is wrong with it
as a whole, counts, and learns the options, which may stand at its end. Then iterate `read_json` or
`read_csv`. All of them start at the beginning of a seekable binary file; see `spooled` for one that
arrives in chunks. They do not await: read some hundred units at a time in a thread.
"""

from app.uploads.documents.csv_document import inspect_csv, read_csv
from app.uploads.documents.errors import (
    KINDS_OF_ERROR,
    DocumentError,
    DocumentErrorCode,
    KindOfError,
    UnitError,
    UnitErrorCode,
)
from app.uploads.documents.json_document import inspect_json, read_json
from app.uploads.documents.spool import spooled
from app.uploads.documents.units import Limits, Options, Summary, Unit, UnitKind
from app.uploads.documents.urls import default_title

__all__ = [
    "KINDS_OF_ERROR",
    "DocumentError",
    "DocumentErrorCode",
    "KindOfError",
    "Limits",
    "Options",
    "Summary",
    "Unit",
    "UnitError",
    "UnitErrorCode",
    "UnitKind",
    "default_title",
    "inspect_csv",
    "inspect_json",
    "read_csv",
    "read_json",
    "spooled",
]
