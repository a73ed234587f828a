from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from synapse.errors import Unauthorized, Unavailable
from synapse.identity.keys import IssuerKeys
from synapse.mcp_servers.grants import READ, WRITE, granted
from synapse.mcp_servers.oauth import JwtVerifier, metadata, metadata_path, metadata_url
from tests.unit.mcp_servers.issuing import AUDIENCE, ISSUER, JWKS, Issuer


@pytest.fixture
def issuer() -> Issuer:
    return Issuer("k1", "k2")


def _verifier(issuer: Issuer) -> JwtVerifier:
    return JwtVerifier(ISSUER, AUDIENCE, IssuerKeys(ISSUER, issuer.get, url=JWKS))


def _dated(claims: dict[str, Any]) -> dict[str, Any]:
    """Claims whose times are given in seconds from now: the list of tests is made long before they run."""
    return {name: int(time.time()) + value if isinstance(value, int) else value for name, value in claims.items()}


@pytest.mark.parametrize("claims", [{}, {"aud": ["https://other.example", AUDIENCE]}, {"exp": -10}])
async def test_a_token_made_for_this_server_grants_its_scopes(issuer: Issuer, claims: dict[str, Any]) -> None:
    assert await _verifier(issuer).verify(issuer.token("tools:read openid tools:write", **_dated(claims))) == granted([READ, WRITE])


@pytest.mark.parametrize(
    ("claims", "scopes"), [({"scope": None, "scp": [READ, 7]}, [READ]), ({"scope": None}, []), ({"scope": {"a": 1}}, [])]
)
async def test_scopes_may_be_a_list_and_anything_else_grants_nothing(issuer: Issuer, claims: dict[str, Any], scopes: list[str]) -> None:
    assert await _verifier(issuer).verify(issuer.token(**{"scope": "", **claims})) == granted(scopes)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example/mcp"},
        {"aud": AUDIENCE + "/"},
        {"aud": None},
        {"iss": "https://login.example.org"},
        {"iss": None},
        {"exp": -300},
        {"exp": None},
        {"nbf": 300},
        {"iat": 300},
    ],
)
async def test_a_wrong_audience_issuer_or_time_is_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        await _verifier(issuer).verify(issuer.token(**_dated(claims)))


@pytest.mark.parametrize("headers", [{"typ": "id+jwt"}, {"crit": ["exp"], "exp": 1}, {"kid": "k2"}, {"kid": "k9"}, {"kid": None}])
async def test_a_token_of_another_type_or_key_is_refused(issuer: Issuer, headers: dict[str, Any]) -> None:
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k1", **headers}
    signed = _signed_by_hand(issuer, {name: value for name, value in header.items() if value is not None})
    with pytest.raises(Unauthorized):
        await _verifier(issuer).verify(signed)


async def test_the_same_by_hand_with_nothing_wrong_is_accepted(issuer: Issuer) -> None:
    assert await _verifier(issuer).verify(_signed_by_hand(issuer, {"alg": "ES256", "typ": "at+jwt", "kid": "k1"})) == granted([READ])


async def test_the_algorithm_is_never_the_tokens_choice(issuer: Issuer) -> None:
    payload = jwt.decode(issuer.token(), options={"verify_signature": False})
    unsigned = ".".join((_part({"alg": "none", "typ": "JWT", "kid": "k1"}), _part(payload), ""))
    text = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(payload)}"
    secret = issuer.keys["k1"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    shared = f"{text}.{_encoded(hmac.digest(secret, text.encode(), 'sha256'))}"
    altered = issuer.token().rsplit(".", 2)
    altered[1] = _part({**payload, "scope": "tools:write"})
    for token in (unsigned, shared, ".".join(altered), issuer.token()[:-4] + "AAAA"):
        with pytest.raises(Unauthorized):
            await _verifier(issuer).verify(token)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "e30.e30.e30", "=" * 100, "x" * 5000, base64.b64encode(b"[" * 9000).decode() + ".e30."]
)
async def test_what_is_no_token_at_all_is_refused_alike(issuer: Issuer, token: str) -> None:
    with pytest.raises(Unauthorized):
        await _verifier(issuer).verify(token)
    assert issuer.asked == []


async def test_when_the_issuer_cannot_be_asked_that_is_said_and_nobody_comes_in(issuer: Issuer) -> None:
    issuer.down = True
    with pytest.raises(Unavailable):
        await _verifier(issuer).verify(issuer.token())


def test_a_client_learns_where_to_get_a_token() -> None:
    assert metadata_path(AUDIENCE) == "/.well-known/oauth-protected-resource/mcp"
    assert metadata_url("https://tools.example.org/") == "https://tools.example.org/.well-known/oauth-protected-resource"
    document = json.loads(metadata(ISSUER, AUDIENCE, "synapse-primary"))
    assert (document["resource"], document["authorization_servers"], document["bearer_methods_supported"]) == (
        AUDIENCE,
        [ISSUER],
        ["header"],
    )


def _part(value: object) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signed_by_hand(issuer: Issuer, header: dict[str, Any]) -> str:
    """PyJWT would not sign some of these headers."""
    text = f"{_part(header)}.{issuer.token().split('.')[1]}"
    signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(text.encode(), issuer.keys["k1"])
    return f"{text}.{_encoded(signature)}"
