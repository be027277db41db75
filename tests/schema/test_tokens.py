"""API tokens, through the API."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from app.accounts.models import ApiToken, User
from app.accounts.roles import OrganisationRole
from app.accounts.tokens import TokenScope
from app.core import clock, ids
from app.core.clock import new_id
from app.core.db import Scope
from app.core.ids import Kind
from app.core.runtime import Runtime
from tests.client import Api
from tests.statements import Statements
from tests.world import Person, World

TOKEN = "{ id name scopes expiresAt lastUsedAt revokedAt createdAt user { email } }"
CREATE = f"""
mutation ($input: CreateApiTokenInput!) {{
  createApiToken(input: $input) {{
    text apiToken {TOKEN} replayed userErrors {{ code message field }}
  }}
}}
"""
REVOKE = f"""
mutation ($input: RevokeApiTokenInput!) {{
  revokeApiToken(input: $input) {{ apiToken {TOKEN} userErrors {{ code message field }} }}
}}
"""
TOKENS = f"""
query ($filter: ApiTokenFilter) {{
  apiTokens(filter: $filter) {{ nodes {TOKEN} totalCount {{ value }} }}
}}
"""


def me(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def create(api: Api, **given: Any) -> dict[str, Any]:
    return await api.change(CREATE, input={"name": "a script", "scopes": ["READ"], **given})


async def names(api: Api, **filter_: Any) -> list[str]:
    found = (await api(TOKENS, filter=filter_ or None))["apiTokens"]["nodes"]
    return [token["name"] for token in found]


async def test_a_new_token_speaks_for_its_maker_within_its_scopes(api: Api) -> None:
    made = await create(api, scopes=["WRITE", "READ", "READ"])
    assert made["apiToken"]["scopes"] == ["READ", "WRITE"]
    assert made["apiToken"]["user"] == {"email": me(api).email}
    script = api.as_(replace(me(api), token=made["text"]))
    assert (await script("{ me { scopes } }"))["me"]["scopes"] == ["READ", "UPLOAD", "WRITE"]
    given = {"name": "a", "scopes": ["READ"]}
    assert (await script.refusal(CREATE, input=given))["code"] == "FORBIDDEN"


async def test_the_text_is_shown_once_even_to_who_asks_again(api: Api) -> None:
    first = await create(api, idempotencyKey="k")
    again = await create(api, idempotencyKey="k")
    assert first["text"].startswith("lg_")
    assert again["replayed"]
    assert again["text"] is None
    assert again["apiToken"] == first["apiToken"]


async def test_the_text_is_not_kept(api: Api, runtime: Runtime) -> None:
    made = await create(api, idempotencyKey="k")
    secret = made["text"].split("_")[2]
    async with runtime.system.read(Scope()) as session:
        rows = (await session.exec(select(ApiToken))).all()
    assert secret not in repr(rows)


async def test_tokens_last_ninety_days_unless_told_otherwise(api: Api) -> None:
    def instant(days: float) -> str:
        return (clock.now() + timedelta(days=days)).isoformat()

    told = (await create(api))["apiToken"]["expiresAt"]
    assert instant(89.9) < told < instant(90.1)
    wanted = instant(3)
    assert (await create(api, expiresAt=wanted))["apiToken"]["expiresAt"][:19] == wanted[:19]
    for days in (-1, 367):
        given = {"name": "a", "scopes": ["READ"], "expiresAt": instant(days)}
        assert (await api.refusal(CREATE, input=given))["field"] == ["expiresAt"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "", "scopes": ["READ"]}, "name"),
        ({"name": "a\0", "scopes": ["READ"]}, "name"),
        ({"name": "a", "scopes": []}, "scopes"),
    ],
)
async def test_a_token_needs_a_name_and_a_scope(
    api: Api, given: dict[str, Any], field: str
) -> None:
    refusal = await api.refusal(CREATE, input=given)
    assert (refusal["code"], refusal["field"]) == ("INVALID", [field])


async def test_a_revoked_token_is_refused_at_once_and_stays_revoked(api: Api) -> None:
    made = await create(api)
    script = api.as_(replace(me(api), token=made["text"]))
    await script("{ me { email } }")
    given = {"apiTokenId": made["apiToken"]["id"]}
    first = (await api.change(REVOKE, input=given))["apiToken"]["revokedAt"]
    assert first is not None
    assert (await api.change(REVOKE, input=given))["apiToken"]["revokedAt"] == first
    (error,) = await script.errors("{ me { email } }")
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "revoked" in error["message"]
    assert "a script" not in await names(api)


async def test_an_expired_token_is_refused(api: Api, runtime: Runtime) -> None:
    made = await create(api)
    async with runtime.db.transaction(me(api).actor.scope) as tx:
        past = clock.now() - timedelta(seconds=1)
        await tx.exec(update(ApiToken).where(ApiToken.name == "a script").values(expires_at=past))
    (error,) = await api.as_(replace(me(api), token=made["text"])).errors("{ me { email } }")
    assert "expired" in error["message"]


@pytest.mark.parametrize("token", ["", "lg_", "lg_x", "Basic abc", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_is_refused(api: Api, token: str) -> None:
    (error,) = await api.as_(replace(me(api), token=token)).errors("{ me { email } }")
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_token_with_another_secret_is_refused_like_an_unknown_one(api: Api) -> None:
    from app.accounts import tokens  # noqa: PLC0415

    made = await create(api)
    known = ids.decode(Kind.API_TOKEN, made["apiToken"]["id"])
    messages = set()
    for token_id in (known, new_id()):
        forged = tokens.mint(token_id, bytes(32)).text
        (error,) = await api.as_(replace(me(api), token=forged)).errors("{ me { email } }")
        messages.add(error["message"])
    assert len(messages) == 1


async def test_a_disabled_account_is_refused(api: Api, runtime: Runtime) -> None:
    async with runtime.db.transaction(me(api).actor.scope) as tx:
        mine = update(User).where(col(User.id) == me(api).user_id)
        await tx.exec(mine.values(is_disabled=True))
    (error,) = await api.errors("{ me { email } }")
    assert "disabled" in error["message"]


async def test_use_is_noted_to_the_minute(api: Api) -> None:
    made = await create(api)
    script = api.as_(replace(me(api), token=made["text"]))
    await script("{ me { email } }")
    node = "query ($id: ID!) { node(id: $id) { ... on ApiToken { lastUsedAt } } }"
    first = await api(node, id=made["apiToken"]["id"])
    assert first["node"]["lastUsedAt"] is not None
    await script("{ me { email } }")
    assert await api(node, id=made["apiToken"]["id"]) == first


async def test_one_sees_ones_own_tokens_and_an_administrator_all(api: Api, world: World) -> None:
    member = api.as_(await world.member(me(api), OrganisationRole.MEMBER))
    hers = await world.token(me(member), TokenScope.ADMIN)
    assert hers
    await create(api)
    mine, theirs = len(await names(api)), len(await names(member))
    assert (mine, theirs) == (2, 2)
    assert len(await names(api, everyone=True)) == mine + theirs
    user = ids.encode(Kind.USER, me(member).user_id)
    assert len(await names(api, userId=user)) == theirs
    assert len(await names(member, everyone=True)) == theirs
    assert await names(member, userId=ids.encode(Kind.USER, me(api).user_id)) == []


async def test_an_administrator_revokes_a_members_token_and_nobody_elses(
    api: Api, world: World
) -> None:
    member = api.as_(await world.member(me(api), OrganisationRole.MEMBER))
    theirs = (await create(member))["apiToken"]["id"]
    mine = (await create(api))["apiToken"]["id"]
    foreign = (await create(api.as_(await world.organisation())))["apiToken"]["id"]
    await api.change(REVOKE, input={"apiTokenId": theirs})
    for one, who in ((mine, member), (foreign, api), (foreign, member)):
        assert (await who.refusal(REVOKE, input={"apiTokenId": one}))["code"] == "NOT_FOUND"
        assert await who("query ($id: ID!) { node(id: $id) { id } }", id=one) == {"node": None}


async def test_tokens_with_their_users_cost_three_statements(
    api: Api, world: World, statements: Statements
) -> None:
    for _ in range(3):
        await world.member(me(api))
    statements.clear()
    assert len(await names(api, everyone=True)) == 4
    assert len(statements) == 3  # tokens, their users, their number
