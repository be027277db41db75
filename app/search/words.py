"""Search for words in the values of `text` keys, below row security and with an index.

`@@~` is `@@` by another name, leakproof, with an index in which the organisation and the key stand beside the
words: nobody pays for the words of others (docs/adr/0015).
"""

import re
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, func, literal_column
from sqlmodel import col

from app.files.models import FileText

_RULE = re.compile(r'(?:-[^\w"]*){9,}')
"""More signs of `without` in a row than anybody means: they are a rule. PostgreSQL gives up at 33."""
_SIMPLE: ColumnElement[Any] = literal_column("cast('simple' as regconfig)")


def matches(number: int, text: str) -> ColumnElement[bool]:
    """Whether a row of `file_text` is of the key of this number and holds these words, in any order and case.

    As people write it: `"two words"` stand side by side, `or` means either, `-word` must not be there. A text
    without any word matches nothing. The caller adds the organisation, which the index begins with.
    """
    holds = col(FileText.document).op("@@~", is_comparison=True, return_type=Boolean())
    wanted = func.websearch_to_tsquery(_SIMPLE, _RULE.sub(" ", text))
    return and_(col(FileText.key_number) == number, holds(wanted))
