from __future__ import annotations

from typing import Any

import pytest

from synapse.errors import InvalidInput, Unauthorized
from synapse.identity.keys import IssuerKeys
from synapse.identity.tokens import AccessTokens, check_url, scopes_of
from tests.unit.mcp_servers.issuing import AUDIENCE, ISSUER, JWKS, Issuer

# What makes a token bad is tried one by one in tests/unit/mcp_servers/test_oauth.py, through the servers' own verifier.


async def test_what_a_good_token_says_is_told_whole() -> None:
    issuer = Issuer()
    claims = await AccessTokens(ISSUER, AUDIENCE, IssuerKeys(ISSUER, issuer.get, url=JWKS)).claims(issuer.token("a b", tenant="acme"))
    assert (claims["tenant"], claims["sub"], scopes_of(claims)) == ("acme", "somebody", ["a", "b"])


async def test_a_token_for_somebody_else_says_nothing() -> None:
    issuer = Issuer()
    with pytest.raises(Unauthorized):
        await AccessTokens(ISSUER, "https://elsewhere", IssuerKeys(ISSUER, issuer.get, url=JWKS)).claims(issuer.token())


@pytest.mark.parametrize(
    ("claims", "name", "scopes"),
    [
        ({"scope": "a b"}, None, ["a", "b"]),
        ({"scp": ["a", 7]}, None, ["a"]),
        ({"permissions": ["a"], "scope": "b"}, "permissions", ["a"]),
        ({"scope": "b"}, "permissions", []),
        ({"scope": {"a": 1}}, None, []),
        ({}, None, []),
    ],
)
def test_scopes_are_found_where_the_issuer_puts_them(claims: dict[str, Any], name: str | None, scopes: list[str]) -> None:
    assert scopes_of(claims, name) == scopes


@pytest.mark.parametrize("url", ["login.example", "ftp://x", "https://u:p@x", "https://x/#f", 'https://x/"', "http://login.example"])
def test_an_address_by_which_keys_could_be_exchanged_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_url(url, "api_oidc_issuer")
    assert caught.value.field == "api_oidc_issuer"


@pytest.mark.parametrize("url", [None, "https://login.example/realm", "http://127.0.0.1:8080"])
def test_https_and_this_machine_will_do(url: str | None) -> None:
    check_url(url, "x")
    check_url("http://anything.example", "x", keys=False)
