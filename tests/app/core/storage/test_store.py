"""What every store does alike, on a folder and on S3."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from app.core.storage import opening
from app.core.storage.errors import (
    InvalidObjectUrl,
    ObjectExists,
    ObjectNotFound,
    ObjectTooLarge,
    StorageUnavailable,
)
from app.core.storage.folder import Folder
from app.core.storage.integrations import Allowances, S3Compatible
from app.core.storage.store import Store


class Broken(Exception):
    pass


async def chunks(*parts: bytes):
    for part in parts:
        yield part


@pytest.fixture
def remains(store: Store, tmp_path, s3_url: str):
    """Counts the uploads that were begun, neither finished nor cleaned up."""

    def count() -> int:
        if isinstance(store, Folder):
            return len([path for path in tmp_path.rglob("*#*") if path.is_file()])
        return httpx2.get(f"{s3_url}/media?uploads").text.count("<Upload>")

    return count


async def content(store: Store, key: str) -> bytes:
    return b"".join([chunk async for chunk in store.stream(key)])


async def test_an_object_is_read_back_whole_and_in_parts(store: Store):
    await store.put("site/a b+ü%20.png", b"0123456789")

    info = await store.head("site/a b+ü%20.png")
    assert (info.key, info.byte_size) == ("site/a b+ü%20.png", 10)
    assert await content(store, info.key) == b"0123456789"
    assert await store.read(info.key, 2, 3) == b"234"
    assert await store.read(info.key, 8, 30) == b"89"
    assert await store.read(info.key, 10, 1) == b""
    assert await store.read(info.key, 0, 0) == b""


async def test_a_stream_is_written_as_one_object(store: Store):
    block = bytes(range(256)) * 4096

    await store.put("big", chunks(*[block] * 13, b"end"))

    assert await content(store, "big") == block * 13 + b"end"


@pytest.mark.parametrize("data", [b"", b"new"])
async def test_an_object_is_written_over(store: Store, data: bytes):
    await store.put("k", b"old")
    await store.put("k", data)
    assert await content(store, "k") == data

    await store.put("k", b"old")
    await store.put("k", chunks(data))
    assert await content(store, "k") == data


async def test_a_stream_that_breaks_leaves_the_old_object_and_nothing_else(store: Store, remains):
    async def broken():
        yield b"x" * 9_000_000
        raise Broken

    await store.put("k", b"old")

    with pytest.raises(Broken):
        await store.put("k", broken())

    assert await content(store, "k") == b"old"
    assert [info.key async for info in store.list()] == ["k"]
    assert remains() == 0


async def test_a_put_that_is_cancelled_leaves_nothing(store: Store, remains):
    waiting = asyncio.Event()

    async def endless():
        yield b"x" * 9_000_000
        waiting.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(store.put("k", endless()))
    await asyncio.wait_for(waiting.wait(), 10)
    putting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await putting
    assert remains() == 0
    with pytest.raises(ObjectNotFound):
        await store.head("k")


async def test_an_object_is_created_once(store: Store):
    await store.create("k", b"first")

    with pytest.raises(ObjectExists):
        await store.create("k", b"second")
    assert await content(store, "k") == b"first"


async def test_of_many_creators_one_wins(store: Store):
    outcomes = await asyncio.gather(
        *(store.create("k", b"%d" % number) for number in range(5)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes if outcome] == [ObjectExists] * 4


async def test_a_list_is_of_a_folder_and_all_below_it(store: Store):
    for key in ("a/1", "a/b/2", "ab/3", "4"):
        await store.put(key, b"x")

    assert sorted([info.key async for info in store.list("a")]) == ["a/1", "a/b/2"]
    assert sorted([info.key async for info in store.list()]) == ["4", "a/1", "a/b/2", "ab/3"]
    assert [info.byte_size async for info in store.list("ab")] == [1]
    assert [info async for info in store.list("missing")] == []


async def test_a_deleted_object_is_gone_and_deleting_it_again_is_nothing(store: Store):
    await store.put("k", b"x")

    await store.delete("k")
    await store.delete("k")

    with pytest.raises(ObjectNotFound):
        await store.head("k")


async def test_a_missing_object_is_said_to_be_missing(store: Store, tmp_path):
    for call in (
        store.head("no"),
        store.read("no", 0, 1),
        store.download("no", tmp_path / "target", 10),
    ):
        with pytest.raises(ObjectNotFound):
            await call
    assert not (tmp_path / "target").exists()


async def test_a_download_is_capped_and_leaves_no_file_when_refused(store: Store, tmp_path):
    await store.put("k", b"0123456789")
    target = tmp_path / "target"

    assert await store.download("k", target, 10) == 10
    assert target.read_bytes() == b"0123456789"
    with pytest.raises(ObjectTooLarge, match="9 bytes"):
        await store.download("k", target, 9)
    assert not target.exists()


async def test_an_object_that_is_too_large_is_not_begun(store: Store):
    await store.put("k", b"x" * 3_000_000)

    with pytest.raises(ObjectTooLarge):
        await anext(store.stream("k", 2_500_000))


@pytest.mark.parametrize("key", ["", "/k", "k/", "a//b", "../k", "a/../k", ".", "a\nb"])
async def test_keys_that_storage_would_read_differently_are_refused(store: Store, key: str):
    for call in (store.head(key), store.put(key, b"x"), store.create(key, b""), store.delete(key)):
        with pytest.raises(InvalidObjectUrl):
            await call


async def test_a_folder_and_a_file_of_one_name_do_not_go_together(folder: Folder):
    await folder.put("a/b", b"x")

    with pytest.raises(ObjectNotFound):
        await folder.head("a")
    with pytest.raises(StorageUnavailable):
        await folder.put("a/b/c", b"x")


async def test_s3_keeps_content_types(s3_store: Store):
    await s3_store.put("k", b"x", content_type="image/png")
    await s3_store.put("streamed", chunks(b"x"), content_type="video/mp4")

    assert (await s3_store.head("k")).content_type == "image/png"
    assert (await s3_store.head("streamed")).content_type == "video/mp4"


async def test_a_presigned_url_reads_and_another_writes(s3_store: Store):
    async with httpx2.AsyncClient() as client:
        put = await client.put(await s3_store.signed_url("a b/ü", "PUT"), content=b"hello")
        get = await client.get(await s3_store.signed_url("a b/ü"))

    assert (put.status_code, get.content) == (200, b"hello")
    assert (await s3_store.head("a b/ü")).byte_size == 5


@pytest.mark.parametrize("minutes", [16, 0, -1])
async def test_a_signed_url_lives_no_longer_than_a_quarter_of_an_hour(store: Store, minutes: int):
    with pytest.raises(ValueError, match="lives up to"):
        await store.signed_url("k", expires_in=timedelta(minutes=minutes))


async def test_a_store_that_is_away_is_called_unavailable(s3, allowances: Allowances):
    away = S3Compatible("http://127.0.0.1:1", "us-east-1", s3.access)
    store = await opening.open_store(away, "media", allowances)

    with pytest.raises(StorageUnavailable) as caught:
        await store.head("k")
    assert "127.0.0.1" not in str(caught.value)


async def test_keys_with_empty_parts_stop_a_list_loudly(s3_store: Store, s3_url: str):
    httpx2.put(f"{s3_url}/media/a//b", content=b"x")

    with pytest.raises(StorageUnavailable):
        [info async for info in s3_store.list()]
