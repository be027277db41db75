"""Who makes vectors of texts: set, shown and asked through the API, over real connections."""

import base64
import gzip
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
import pytest
from sqlmodel import col, select, update
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.core.runtime import Runtime
from app.embeddings.models import Encoder
from app.embeddings.outgoing import MOST_ANSWER_BYTES
from tests.client import Api
from tests.encoder import FakeEncoder, encoding, openai, service
from tests.shelves import Shelf
from tests.world import World

KEY = """
mutation ($input: AddMetadataEmbeddingInput!) {
  addMetadataEmbedding(input: $input) { userErrors { code } }
}
"""
ENCODER = """
encoder {
  kind url model asksDimensions textPath imagePath localModel hasSecret revision updatedAt
}
"""
SET = f"""
mutation ($input: SetEmbeddingEncoderInput!) {{
  setEmbeddingEncoder(input: $input) {{
    key {{ name {ENCODER} }} userErrors {{ code message field }}
  }}
}}
"""
REMOVE = f"""
mutation ($input: RemoveEmbeddingEncoderInput!) {{
  removeEmbeddingEncoder(input: $input) {{
    key {{ name {ENCODER} }} userErrors {{ code message field }}
  }}
}}
"""
KEYS = f"{{ metadataSchema {{ keys {{ name {ENCODER} }} }} }}"
ENCODE = "query ($key: String!, $text: String!) { encodeText(key: $key, text: $text) { vector } }"
SECRET = "sk-not-for-your-eyes"


@pytest.fixture
async def far() -> AsyncGenerator[FakeEncoder]:
    async with encoding() as fake:
        yield fake


@pytest.fixture
async def look(api: Api) -> Api:
    """With an embedding `look` of two dimensions."""
    await api.change(KEY, input={"key": "look", "dimensions": 2})
    return api


async def connect(api: Api, far: FakeEncoder, **more: Any) -> dict[str, Any]:
    open_ai = {"url": far.url, "model": "small"} | more
    return await api.change(SET, input={"key": "look", "encoder": {"openAi": open_ai}})


def vector_of(encoded: dict[str, Any]) -> list[float]:
    """What base64 of 32-bit floats says."""
    return np.frombuffer(base64.b64decode(encoded["vector"]), "<f4").tolist()


async def encode(api: Api, text: str = "a cat") -> list[float]:
    return vector_of((await api(ENCODE, key="look", text=text))["encodeText"])


async def failure(api: Api, text: str = "a cat") -> dict[str, Any]:
    (error,) = await api.errors(ENCODE, key="look", text=text)
    return error


async def test_openais_api_is_asked_for_a_vector_which_is_made_one_long(
    look: Api, far: FakeEncoder
) -> None:
    await connect(look, far, apiKey=SECRET, asksDimensions=True)
    assert await encode(look) == pytest.approx([0.6, 0.8])
    (asked,) = far.asked
    assert asked.path == "/embeddings"
    assert asked.authorization == f"Bearer {SECRET}"
    assert asked.body == {
        "model": "small",
        "input": "a cat",
        "encoding_format": "float",
        "dimensions": 2,
    }


async def test_an_endpoint_of_ones_own_is_asked_by_its_path(look: Api, far: FakeEncoder) -> None:
    far.always = lambda: service([0, -5])
    own = {"url": f"{far.url}/v2/", "textPath": "/texts?pool=mean", "token": SECRET}
    await look.change(SET, input={"key": "look", "encoder": {"endpoint": own}})
    assert await encode(look) == pytest.approx([0, -1])
    (asked,) = far.asked
    assert (asked.path, asked.body) == ("/v2/texts", {"texts": ["a cat"]})
    assert asked.authorization == f"Bearer {SECRET}"


async def test_the_encoder_is_shown_without_its_secret(
    look: Api, far: FakeEncoder, runtime: Runtime
) -> None:
    answer = await connect(look, far, apiKey=SECRET)
    shown = await look(KEYS)
    encoder = shown["metadataSchema"]["keys"][0]["encoder"]
    told = {name: encoder[name] for name in ("hasSecret", "kind", "url", "model", "localModel")}
    assert told == {
        "hasSecret": True,
        "kind": "OPENAI",
        "url": far.url,
        "model": "small",
        "localModel": None,
    }
    assert look.person is not None
    async with runtime.db.read(look.person.actor.scope) as session:
        row = (await session.exec(select(Encoder))).one()
    assert SECRET not in f"{answer} {shown} {row.configuration} {row.credentials!r}"


async def test_a_secret_does_not_go_along_to_another_address(look: Api, far: FakeEncoder) -> None:
    await connect(look, far, apiKey=SECRET)
    await connect(look, far)
    await encode(look)
    assert far.asked[0].authorization is None


async def test_a_secret_that_was_moved_to_another_address_in_the_database_stays_shut(
    look: Api, far: FakeEncoder, runtime: Runtime
) -> None:
    await connect(look, far, apiKey=SECRET)
    elsewhere = {"url": f"{far.url}/elsewhere", "model": "small"}
    assert look.person is not None
    async with runtime.db.transaction(look.person.actor.scope) as tx:
        await tx.exec(
            update(Encoder).values(configuration=elsewhere).where(col(Encoder.key_number) > 0)
        )
    assert "cannot be opened" in (await failure(look))["message"]
    assert far.asked == []


async def test_a_text_that_was_asked_before_is_not_asked_again(look: Api, far: FakeEncoder) -> None:
    await connect(look, far)
    assert await encode(look) == await encode(look)
    assert len(far.asked) == 1
    await connect(look, far, model="large")  # whose vectors are others
    far.always = lambda: openai([1.0, 0.0])
    assert await encode(look) == [1.0, 0.0]


async def test_an_encoder_that_stumbles_once_is_asked_again(look: Api, far: FakeEncoder) -> None:
    await connect(look, far)
    far.answers = [lambda: Response(status_code=503)]
    assert await encode(look) == pytest.approx([0.6, 0.8])
    assert len(far.asked) == 2


async def test_one_that_is_away_is_told_as_an_outage(look: Api, far: FakeEncoder) -> None:
    await connect(look, far)
    far.always = lambda: Response(status_code=503)
    told = (await failure(look))["extensions"]
    assert (told["code"], told["retryable"], len(far.asked)) == ("UNAVAILABLE", True, 2)


async def test_one_that_keeps_silent_is_not_waited_for(
    look: Api, far: FakeEncoder, runtime: Runtime
) -> None:
    await connect(look, far)
    far.delay_seconds = runtime.settings.encoder_seconds + 0.5
    assert (await failure(look))["extensions"]["code"] == "UNAVAILABLE"


async def test_nobody_at_the_address_is_an_outage_too(look: Api) -> None:
    await connect(look, FakeEncoder("http://127.0.0.1:9"))
    assert (await failure(look))["extensions"]["code"] == "UNAVAILABLE"


async def test_one_that_is_asked_too_often_says_how_long_to_wait(
    look: Api, far: FakeEncoder
) -> None:
    await connect(look, far)
    far.always = lambda: Response(status_code=429, headers={"Retry-After": "7"})
    told = (await failure(look))["extensions"]
    assert (told["code"], told["retryAfterSeconds"], len(far.asked)) == ("RATE_LIMITED", 7, 1)


WRONG = {
    "it refuses the key": (lambda: Response(status_code=401), "refuses the credentials (401)"),
    "it is elsewhere": (lambda: Response(status_code=404), "answered 404"),
    "it sends us on": (lambda: RedirectResponse("/inside"), "answered 307"),
    "no JSON": (lambda: Response("<html>"), "no JSON"),
    "other JSON": (lambda: JSONResponse({"vectors": []}), "has no"),
    "no data": (lambda: JSONResponse({"data": []}), "has no"),
    "a list at the top": (lambda: JSONResponse([1]), "has no"),
    "too short": (lambda: openai([1.0]), "vectors of 1 numbers, and 'look' has 2"),
    "texts in it": (lambda: openai([1, "2"]), "no list of numbers"),
    "truth in it": (lambda: openai([True, False]), "no list of numbers"),
    "a text": (lambda: openai("AAAA"), "no list of numbers"),
    "nothing": (lambda: openai(None), "no list of numbers"),
    "zeros": (lambda: openai([0.0, 0.0]), "is zero"),
    "too large to have a length": (lambda: openai([1.7e308, 1.7e308]), "not finite"),
    "endless": (lambda: Response(b" " * (MOST_ANSWER_BYTES + 1)), "more than 1,048,576 bytes"),
    "compressed": (
        lambda: Response(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}),
        "is compressed",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_whatever_else_is_wrong_is_told_and_not_tried_again(
    look: Api, far: FakeEncoder, case: str
) -> None:
    await connect(look, far)
    far.always, words = WRONG[case]
    told = await failure(look)
    assert words in told["message"]
    assert told["extensions"]["code"] == "BAD_USER_INPUT"
    assert [one.path for one in far.asked] == ["/embeddings"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:1",
        "http://93.184.216.34",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://localhost",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://2130706433",
        "https://user:word@example.com",
        "https://example.com/?to=inside",
        "ftp://example.com",
        "https://",
    ],
)
async def test_an_address_inside_is_refused(look: Api, url: str) -> None:
    for encoder in (
        {"openAi": {"url": url, "model": "small"}},
        {"endpoint": {"url": url, "textPath": "/texts"}},
    ):
        told = await look.refusal(SET, input={"key": "look", "encoder": encoder})
        (kind,) = encoder
        assert (told["code"], told["field"]) == ("INVALID", ["encoder", kind, "url"])
    assert (await look(KEYS))["metadataSchema"]["keys"][0]["encoder"] is None


async def test_an_address_is_looked_at_again_with_each_request(
    look: Api, far: FakeEncoder, runtime: Runtime
) -> None:
    """As when a name leads elsewhere than it did, or the operator has changed their mind."""
    await connect(look, far)
    inside = {"url": far.url.replace("127.0.0.1", "localhost"), "model": "small"}
    assert look.person is not None
    async with runtime.db.transaction(look.person.actor.scope) as tx:
        await tx.exec(
            update(Encoder).values(configuration=inside).where(col(Encoder.key_number) > 0)
        )
    assert "https" in (await failure(look))["message"]
    inside["url"] = inside["url"].replace("http:", "https:")
    async with runtime.db.transaction(look.person.actor.scope) as tx:
        await tx.exec(
            update(Encoder).values(configuration=inside).where(col(Encoder.key_number) > 0)
        )
    assert "not public" in (await failure(look))["message"]
    assert far.asked == []


async def test_a_key_without_an_encoder_says_how_to_give_it_one(look: Api) -> None:
    told = await failure(look)
    assert "setEmbeddingEncoder" in told["message"]
    assert told["extensions"]["code"] == "BAD_USER_INPUT"
    assert told["extensions"]["field"] == ["key"]


async def test_an_encoder_that_takes_pictures_only_says_so(look: Api, far: FakeEncoder) -> None:
    own = {"url": far.url, "imagePath": "/images"}
    await look.change(SET, input={"key": "look", "encoder": {"endpoint": own}})
    assert "pictures only" in (await failure(look))["message"]


async def test_a_search_says_where_it_named_the_text_that_no_encoder_takes(
    api: Api, world: World, far: FakeEncoder
) -> None:
    shelf = await Shelf.of(api, world)
    await shelf.key(3)
    await shelf.put(np.eye(3, dtype=np.float32))
    own = {"url": far.url, "imagePath": "/images"}
    await api.change(SET, input={"key": "clip", "encoder": {"endpoint": own}})
    (error,) = await api.errors(
        'query { files(similarTo: {embedding: "clip", anchor: {text: "a cat"}}) { nodes { id } } }'
    )
    assert error["extensions"]["field"] == ["similarTo", "anchor", "text"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), (" \n", "empty"), ("a" * 8_193, "at most 8,192"), ("a\0", "U+0000")],
)
async def test_a_text_is_of_bounded_length(
    look: Api, far: FakeEncoder, text: str, words: str
) -> None:
    await connect(look, far)
    told = await failure(look, text)
    assert (words in told["message"], told["extensions"]["field"]) == (True, ["text"])
    assert far.asked == []


REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a model of no name's length": (
        {"openAi": {"url": "URL", "model": "m" * 256}},
        ["encoder", "openAi", "model"],
    ),
    "a key that no header can carry": (
        {"openAi": {"url": "URL", "model": "m", "apiKey": "a\r\nX-Evil: 1"}},
        ["encoder", "openAi", "apiKey"],
    ),
    "no path": ({"endpoint": {"url": "URL"}}, ["encoder", "endpoint"]),
    "a path without a slash": (
        {"endpoint": {"url": "URL", "textPath": "texts"}},
        ["encoder", "endpoint", "textPath"],
    ),
    "a path with blanks": (
        {"endpoint": {"url": "URL", "imagePath": "/a b"}},
        ["encoder", "endpoint", "imagePath"],
    ),
    "a model of another length": (
        {"local": {"model": "ALL_MINILM_L6_V2"}},
        ["encoder", "local", "model"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_an_encoder_that_cannot_work_is_refused(
    look: Api, far: FakeEncoder, case: str
) -> None:
    encoder, field = REFUSED[case]
    for said in encoder.values():
        said.update({"url": far.url} if said.get("url") == "URL" else {})
    told = await look.refusal(SET, input={"key": "look", "encoder": encoder})
    assert told["field"] == field


async def test_an_encoder_that_changed_meanwhile_is_not_overwritten(
    look: Api, far: FakeEncoder
) -> None:
    await connect(look, far)
    again = {"key": "look", "encoder": {"openAi": {"url": far.url, "model": "other"}}}
    payload = await look.payload(SET, input=again | {"expectedRevision": 0})
    assert payload["userErrors"][0]["code"] == "REVISION_CONFLICT"
    assert payload["key"]["encoder"]["model"] == "small"
    changed = await look.change(SET, input=again | {"expectedRevision": 1})
    assert changed["key"]["encoder"]["revision"] == 2


async def test_an_encoder_is_taken_away(look: Api, far: FakeEncoder) -> None:
    await connect(look, far)
    gone = await look.change(REMOVE, input={"key": "look"})
    assert gone["key"] == {"name": "look", "encoder": None}
    assert (await look.refusal(REMOVE, input={"key": "look"}))["code"] == "CONFLICT"
    assert "has no encoder" in (await failure(look))["message"]


async def test_a_key_that_is_no_embedding_has_no_encoder(look: Api) -> None:
    told = await look.refusal(
        SET, input={"key": "weather", "encoder": {"local": {"model": "ALL_MINILM_L6_V2"}}}
    )
    assert (told["code"], told["field"]) == ("NOT_FOUND", ["key"])
    assert "'look'" in told["message"]


async def test_the_encoder_of_another_organisation_is_none_of_ours(
    look: Api, far: FakeEncoder, world: World
) -> None:
    await connect(look, far, apiKey=SECRET)
    theirs = look.as_(await world.organisation("Others"))
    assert "no embedding" in (await failure(theirs))["message"]
    assert (await theirs.refusal(REMOVE, input={"key": "look"}))["code"] == "NOT_FOUND"
    await theirs.change(KEY, input={"key": "look", "dimensions": 2})
    assert "has no encoder" in (await failure(theirs))["message"]
    assert (await theirs(KEYS))["metadataSchema"]["keys"][0]["encoder"] is None
    assert far.asked == []
