"""Sealed credentials open for the same server and the same integration, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files import sealing


@given(st.binary(min_size=1), st.binary(), st.dictionaries(st.sampled_from("abc"), st.text()))
def test_what_is_sealed_opens_again(
    secret: bytes, bound_to: bytes, credentials: dict[str, str]
) -> None:
    storable = {key: value.encode(errors="ignore").decode() for key, value in credentials.items()}
    sealed = sealing.seal(secret, bound_to, storable)
    assert sealing.unseal(secret, bound_to, sealed) == storable


@pytest.mark.parametrize(
    ("secret", "bound_to", "spoiled"),
    [
        (b"other", b"row", lambda sealed: sealed),
        (b"secret", b"other", lambda sealed: sealed),
        (b"secret", b"row", lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (b"secret", b"row", lambda sealed: bytes([sealed[0] ^ 1]) + sealed[1:]),
        (b"secret", b"row", lambda sealed: sealed[:5]),
        (b"secret", b"row", lambda sealed: sealed[:0]),
    ],
)
def test_anything_else_stays_shut(secret: bytes, bound_to: bytes, spoiled: object) -> None:
    sealed = spoiled(sealing.seal(b"secret", b"row", {"key": "hush"}))
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(secret, bound_to, sealed)


def test_the_same_credentials_never_look_the_same() -> None:
    one, two = (sealing.seal(b"secret", b"row", {"key": "hush"}) for _ in range(2))
    assert one != two
    assert b"hush" not in one
