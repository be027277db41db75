"""When two registrations mean the same objects (domain 3.4.4)."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from app.uploads.documents import UnitKind

ORDERLESS = frozenset({UnitKind.DICOM_SERIES})


def source_key(kind: UnitKind, urls: Sequence[str]) -> UUID | None:
    """128 bits that are equal for the same type and the same URLs, byte for byte; None without URLs.

    The frames of a group or sequence count in their order; the files of a series in any.
    """
    if not urls:
        return None
    ordered = sorted(urls) if kind in ORDERLESS else urls
    digest = hashlib.sha256("\n".join((kind.value, *ordered)).encode())
    return UUID(bytes=digest.digest()[:16])
