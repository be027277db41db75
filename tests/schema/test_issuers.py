"""Bearer tokens of an identity provider, through the API, with an issuer on the loopback address."""

import json
import threading
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from starlette.applications import Starlette

from app.accounts.roles import OrganisationRole
from app.core import clock
from app.core.runtime import Runtime
from app.core.settings import OidcIssuer
from app.main import serve
from tests.client import Api
from tests.world import Person, World

KEY = OKPKey.generate_key("Ed25519")
ME = "{ me { email role expiresAt } }"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Hands out tokens; its server hands out the key that checks them."""

    url: str

    def token(self, email: str, **changes: Any) -> str:
        now = clock.now()
        claims = {
            "iss": self.url,
            "aud": "labelgraph",
            "sub": "1",
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=5)).timestamp()),
            "email": email,
            "email_verified": True,
            **changes,
        }
        header = {"alg": "Ed25519", "kid": "one", "typ": "JWT"}
        return jwt.encode(header, claims, KEY, algorithms=["Ed25519"])


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            documents = {
                "/.well-known/openid-configuration": {"issuer": url, "jwks_uri": f"{url}/keys"},
                "/keys": {"keys": [{**KEY.as_dict(private=False), "kid": "one"}]},
            }
            body = json.dumps(documents[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield Issuer(url)
        server.shutdown()
        thread.join()


@pytest.fixture
async def api(runtime: Runtime, world: World, issuer: Issuer) -> AsyncGenerator[Api]:
    """A server that believes the issuer, asked by the administrator of a fresh organisation."""
    trusted = [OidcIssuer(issuer=issuer.url, audience="labelgraph")]
    settings = runtime.settings.model_copy(update={"oidc_issuers": trusted})
    app = Starlette()
    serve(app, replace(runtime, settings=settings))
    async with Api.connect(app, await world.organisation()) as client:
        yield client


def me(api: Api) -> Person:
    assert api.person is not None
    return api.person


async def test_a_token_of_the_issuer_speaks_for_the_user_of_its_e_mail(
    api: Api, world: World, issuer: Issuer
) -> None:
    member = await world.member(me(api), OrganisationRole.TASKER)
    data = await api.as_(replace(member, token=issuer.token(member.email.upper())))(ME)
    assert data["me"].pop("expiresAt") is not None
    assert data["me"] == {"email": member.email, "role": "TASKER"}


async def test_our_own_tokens_are_good_beside_them(api: Api) -> None:
    assert (await api(ME))["me"]["email"] == me(api).email


@pytest.mark.parametrize(
    "changes",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
        {"email": "nobody@example.org"},
        {"aud": "other"},
        {"iss": "https://other.example"},
        {"exp": 1},
        {"sub": None},
    ],
)
async def test_a_token_that_does_not_hold_is_refused(
    api: Api, issuer: Issuer, changes: dict[str, Any]
) -> None:
    token = issuer.token(**{"email": me(api).email, **changes})
    (error,) = await api.as_(replace(me(api), token=token)).errors(ME)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_removed_member_is_refused_with_a_token_that_still_holds(
    api: Api, world: World, issuer: Issuer
) -> None:
    member = await world.member(me(api))
    token = issuer.token(member.email)
    await api.change(
        "mutation ($input: RemoveMemberInput!) { removeMember(input: $input)"
        " { userErrors { code } } }",
        input={"member": {"email": member.email}},
    )
    (error,) = await api.as_(replace(member, token=token)).errors(ME)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
