"""A folder of this machine: nothing outside of it is read or written."""

import pytest

from app.core.storage import opening
from app.core.storage.errors import InvalidObjectUrl, ObjectForbidden, SigningUnsupported
from app.core.storage.folder import Folder
from app.core.storage.integrations import Allowances, LocalFolder


@pytest.fixture
def outside(tmp_path):
    """A folder with a secret, to which links of the opened folder lead."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("s3cret")
    return folder


@pytest.fixture
async def site(tmp_path, outside) -> Folder:
    """An integration's folder with one file, and links that lead out, in, nowhere and in circles."""
    root = tmp_path / "site"
    (root / "cams").mkdir(parents=True)
    (root / "cams/1.png").write_bytes(b"png")
    (root / "out").symlink_to(outside)
    (root / "file-out").symlink_to(outside / "secret")
    (root / "relative-out").symlink_to("../outside/secret")
    (root / "in.png").symlink_to(root / "cams/1.png")
    (root / "nowhere").symlink_to(root / "missing")
    (root / "circle").symlink_to(root / "circle")
    (root / "again").symlink_to(root)
    store = await opening.open_store(LocalFolder(root), "", Allowances(folders=(tmp_path,)))
    assert isinstance(store, Folder)
    return store


@pytest.mark.parametrize("key", ["out/secret", "file-out", "relative-out"])
async def test_links_out_of_the_folder_are_refused(site: Folder, outside, key):
    for call in (
        site.head(key),
        site.read(key, 0, 1),
        site.put(key, b"written"),
        site.create(key, b"written"),
        site.delete(key),
    ):
        with pytest.raises(ObjectForbidden):
            await call
    assert (outside / "secret").read_text() == "s3cret"


async def test_new_files_behind_a_link_are_refused(site: Folder, outside):
    with pytest.raises(ObjectForbidden):
        await site.put("out/new", b"x")
    assert [path.name for path in outside.iterdir()] == ["secret"]


async def test_links_inside_the_folder_are_files(site: Folder):
    assert (await site.head("in.png")).byte_size == 3


async def test_a_list_shows_what_can_be_opened_only(site: Folder):
    assert sorted([info.key async for info in site.list()]) == ["cams/1.png", "in.png"]
    with pytest.raises(ObjectForbidden):
        [info async for info in site.list("out")]


async def test_a_name_that_the_library_keeps_for_itself_is_refused(site: Folder):
    with pytest.raises(InvalidObjectUrl, match="must not end"):
        await site.head("cams/scene#1")


async def test_a_folder_that_is_itself_reached_by_a_link_works(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folder = Folder(tmp_path / "link")

    await folder.put("k", b"x")

    assert (tmp_path / "real/k").read_bytes() == b"x"
    assert [info.key async for info in folder.list()] == ["k"]


async def test_files_of_an_integration_have_no_signed_urls(site: Folder):
    with pytest.raises(SigningUnsupported):
        await site.signed_url("cams/1.png")
