"""Which names a key of the metadata schema may have."""

import re

from app.core.errors import Invalid, Path

LONGEST_KEY = 256

SEPARATORS = " -_."
RESERVED = "keyframes"

_FOREIGN = re.compile(r"[^A-Za-z0-9 \-_.]")
_WITHOUT_SEPARATORS = str.maketrans("", "", SEPARATORS)


def check_key(key: str, *, field: Path = ("key",)) -> None:
    """Raise Invalid with one sentence for each rule that `key` breaks.

    Keys are case-sensitive, so `Keyframes` is an ordinary key; `key-frames` is the reserved one.
    A period is a plain character and no path into nested values.
    """
    broken = _broken_rules(key)
    if broken:
        raise Invalid(" ".join(broken), field=field)


def _broken_rules(key: str) -> list[str]:
    if not key:
        return ["A metadata key is not empty."]
    broken = []
    if len(key) > LONGEST_KEY:
        broken.append(
            f"A metadata key has at most {LONGEST_KEY} characters; this one has {len(key)}."
        )
    if key.startswith("$"):
        broken.append("A metadata key does not start with `$`; such names are the server's own.")
    if foreign := _FOREIGN.search(key.removeprefix("$")):
        broken.append(
            "A metadata key is made of ASCII letters, digits, blanks, hyphens, underscores and"
            f" periods; {foreign[0]!a} is none of them."
        )
    bare = key.translate(_WITHOUT_SEPARATORS)
    if not bare:
        broken.append("A metadata key holds at least one letter or digit.")
    if bare == RESERVED:
        broken.append(f"`{RESERVED}` is reserved, with or without separators; take another name.")
    return broken
