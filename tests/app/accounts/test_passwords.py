"""Passwords: argon2id, two at a time, and no hint of who has an account."""

import threading
import time
import unicodedata
from typing import Literal

import anyio
import pytest
from argon2 import PasswordHasher

from app.accounts import passwords
from app.accounts.passwords import Hasher
from app.core.errors import Invalid

PASSWORD = "correct horse battery"


def quick() -> Hasher:
    return Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def test_a_password_opens_its_own_hash_only() -> None:
    hasher = quick()
    stored = await hasher.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert await hasher.verify(stored, PASSWORD)
    assert not await hasher.verify(stored, PASSWORD + " ")
    assert not await hasher.verify(stored, PASSWORD.upper())
    assert await hasher.hash(PASSWORD) != stored


async def test_the_default_strength_is_that_of_rfc_9106_and_needs_no_rehash() -> None:
    hasher = Hasher()
    stored = await hasher.hash(PASSWORD)
    assert "$m=65536,t=3,p=4$" in stored
    assert not hasher.needs_rehash(stored)
    assert hasher.needs_rehash(await quick().hash(PASSWORD))


async def test_accents_typed_in_two_ways_are_one_password() -> None:
    hasher = quick()
    stored = await hasher.hash(unicodedata.normalize("NFD", "düsseldörfer"))
    assert await hasher.verify(stored, unicodedata.normalize("NFC", "düsseldörfer"))


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "at least 10"),
        ("nine char", "at least 10"),
        ("u\u0308" * 9, "at least 10"),
        ("x" * 1_025, "1,024 bytes"),
        ("ü" * 513, "1,024 bytes"),
        ("\ud800" * 10, "Unicode"),
    ],
)
async def test_a_password_out_of_bounds_is_neither_stored_nor_accepted(
    password: str, sentence: str
) -> None:
    hasher = quick()
    with pytest.raises(Invalid, match=sentence) as refusal:
        await hasher.hash(password)
    assert refusal.value.field == ("password",)
    assert not await hasher.verify(await hasher.hash(PASSWORD), password)


@pytest.mark.parametrize("password", ["ten chars!", "x" * 1_024, "ü" * 512])
def test_a_password_at_the_bounds_is_good(password: str) -> None:
    assert passwords.checked(password) == password.encode()


async def test_a_user_who_does_not_exist_is_never_let_in() -> None:
    hasher = quick()
    assert not await hasher.verify(None, PASSWORD)
    assert not await hasher.verify(None, "the password of a user who does not exist")


class Watched(PasswordHasher):
    """Counts the checks, and how many of them ran at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.calls = self.running = self.most = 0
        self.lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        with self.lock:
            self.calls, self.running = self.calls + 1, self.running + 1
            self.most = max(self.most, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        return super().verify(hash, password)


async def test_a_missing_user_costs_as_much_as_a_wrong_password() -> None:
    argon2 = Watched()
    await Hasher(argon2).verify(None, PASSWORD)
    assert argon2.calls == 1


async def test_at_most_two_passwords_are_checked_at_once() -> None:
    argon2 = Watched()
    hasher = Hasher(argon2)
    stored = await hasher.hash(PASSWORD)
    async with anyio.create_task_group() as crowd:
        for _ in range(8):
            crowd.start_soon(hasher.verify, stored, PASSWORD)
    assert (argon2.calls, argon2.most) == (8, 2)
