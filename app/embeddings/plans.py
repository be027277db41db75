"""How the nearest vectors are found: the rule that was measured, as pure functions. docs/search.md has it, too.

A search for the k nearest files takes the first of these plans that serves:

1. few vectors, or no index: all are compared, EXACT;
2. no filter: the index, held wide enough for k, ANN_VERIFIED;
3. a filter that leaves few files: all of these are compared, EXACT;
4. the index gives its 200 nearest; if k of them pass the filter, these are the k nearest, ANN_VERIFIED;
5. all files that the filter leaves are compared, while that takes no longer than half a second, EXACT;
6. the index goes on until enough pass the filter, APPROXIMATE: a nearer one may be missed.
"""

from enum import StrEnum

from app.core.reads import USUAL_SCAN, Scan
from app.embeddings.tables import BITS_ABOVE

MOST_HITS = 1_000
"""Of one search."""
FEW_VECTORS = 20_000
"""Up to here comparing all is as quick as an index."""
FEW_FILES = 20_000
BUDGET_US = 500_000
"""Of a comparison with many files, in microseconds."""
MORE_FOR_BITS = 4
"""So many candidates by bits hold the nearest one."""
SIZES = (26, 101, 401, MOST_HITS)
"""A search is made for so many hits, whichever suffices: pages that follow take theirs from the same result. One
more than round pages have, since whoever shows a page wants to know whether there is another."""

_LOOK_UP_US = 0.8
_COMPARE_US = 0.43 / 512
_FETCH_COMPARE_US = 4.4 / 4_096
"""Where vectors do not lie in the row itself."""


class Plan(StrEnum):
    """How a search was done."""

    EXACT = "EXACT"
    """All vectors in question were compared: nothing is missing."""
    ANN_VERIFIED = "ANN_VERIFIED"
    """By the index; enough of its nearest pass the filter. Measured recall at 10 and 100: above 0.99."""
    APPROXIMATE = "APPROXIMATE"
    """By the index, past those that do not pass the filter: nearer ones may be missing."""


PROBED = 200
"""Candidates of a probe. Deeper ones are less reliable."""
MOST_PROBED = 101
"""Hits for which a probe is relied on."""
PROBE = USUAL_SCAN
DEEP = Scan(ef_search=MOST_HITS, goes_on=True, is_forced=True)


def size_for(hits: int) -> int:
    """How many hits to look for when so many are wanted."""
    return next((size for size in SIZES if hits <= size), MOST_HITS)


def scan_for(k: int, dimensions: int) -> tuple[Scan, int]:
    """How the index is searched for k hits without a filter, and for how many candidates.

    A few more than k: some may be parts of composites, or frames of one file.
    """
    if dimensions > BITS_ABOVE:
        wanted = max(k, MOST_PROBED) * MORE_FOR_BITS
    elif k <= MOST_PROBED:
        return PROBE, min(2 * k, PROBED)
    else:
        wanted = k + k // 10
    if wanted <= DEEP.ef_search // 2:
        return Scan(ef_search=max(wanted, PROBE.ef_search), is_forced=True), wanted
    return DEEP, wanted + k // 4


def probe_for(k: int, dimensions: int) -> tuple[Scan, int] | None:
    """How the index is searched where a filter follows; None: for so many hits it cannot be relied on."""
    if dimensions > BITS_ABOVE:
        is_reliable = k * MORE_FOR_BITS <= MOST_HITS
        return (Scan(ef_search=MOST_HITS, is_forced=True), MOST_HITS) if is_reliable else None
    return (PROBE, PROBED) if k <= MOST_PROBED else None


def sufficient(k: int, dimensions: int) -> int:
    """How many of a probe's candidates must pass the filter for the k nearest to be among them."""
    return k * MORE_FOR_BITS if dimensions > BITS_ABOVE else k


def affordable(dimensions: int) -> int:
    """How many vectors may be compared within the budget."""
    each = _FETCH_COMPARE_US if dimensions > BITS_ABOVE else _COMPARE_US
    return int(BUDGET_US / (_LOOK_UP_US + each * dimensions))
