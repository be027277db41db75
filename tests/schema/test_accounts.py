"""People and organisations, through the API."""

from tests.client import Api


async def test_me_is_the_owner_of_the_token(api: Api) -> None:
    data = await api("{ me { email } }")
    assert api.person is not None
    assert data == {"me": {"email": api.person.email}}


async def test_nobody_is_asked_to_sign_in(api: Api) -> None:
    (error,) = await api.as_(None).errors("{ me { email } }")
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert error["extensions"]["requestId"]


CREATE_TAG = """
mutation ($input: CreateTagInput!) {
  createTag(input: $input) { tag { id name } replayed userErrors { code message field } }
}
"""


async def test_a_key_sent_again_gives_the_first_answer_and_changes_nothing(api: Api) -> None:
    given = {"name": "night", "idempotencyKey": "k1"}
    first = await api.change(CREATE_TAG, input=given)
    again = await api.change(CREATE_TAG, input=given)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["tag"] == again["tag"]


async def test_a_key_sent_with_other_input_is_refused(api: Api) -> None:
    await api.change(CREATE_TAG, input={"name": "night", "idempotencyKey": "k1"})
    error = await api.refusal(CREATE_TAG, input={"name": "day", "idempotencyKey": "k1"})
    assert error["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert error["field"] == ["idempotencyKey"]
