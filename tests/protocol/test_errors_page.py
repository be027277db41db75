"""docs/errors.md tells of each code, and of no other."""

import re
from pathlib import Path

from schema.codes import Code

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_has_a_row_for_each_code() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert sorted(code for code, _, _ in rows) == sorted(Code)
