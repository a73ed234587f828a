from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from synapse.errors import Unavailable
from synapse.identity.keys import IssuerKeys, metadata_urls
from tests.unit.mcp_servers.issuing import ISSUER, JWKS, Issuer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _keys(issuer: Issuer, clock: Clock, **more: Any) -> IssuerKeys:
    return IssuerKeys(ISSUER, issuer.get, clock=clock, **more)


async def test_the_keys_are_found_by_the_issuers_metadata_and_kept() -> None:
    issuer, clock = Issuer("k1", "k2"), Clock()
    keys = _keys(issuer, clock)
    found = await asyncio.gather(*(keys.find("k1", "ES256") for _ in range(5)))
    assert None not in found
    assert await keys.find("k2", "ES256") is not None
    assert issuer.asked == ["https://login.example.org/.well-known/oauth-authorization-server/realm", JWKS]


async def test_an_operators_url_makes_metadata_needless() -> None:
    issuer = Issuer()
    assert await _keys(issuer, Clock(), url=JWKS).find("k1", "ES256") is not None
    assert issuer.asked == [JWKS]


async def test_a_new_key_is_found_soon_and_made_up_ids_do_not_become_requests() -> None:
    issuer, clock = Issuer("k1"), Clock()
    keys = _keys(issuer, clock, url=JWKS)
    await keys.find("k1", "ES256")
    for number in range(50):
        assert await keys.find(f"made-up-{number}", "ES256") is None
    assert len(issuer.asked) == 1
    issuer.keys["k2"] = Issuer("k2").keys["k2"]
    clock.now += 31
    assert await keys.find("k2", "ES256") is not None


async def test_a_withdrawn_key_is_believed_for_ten_minutes_at_most() -> None:
    issuer, clock = Issuer("k1", "k2"), Clock()
    keys = _keys(issuer, clock, url=JWKS)
    assert await keys.find("k1", "ES256") is not None
    del issuer.keys["k1"]
    clock.now += 601
    assert await keys.find("k1", "ES256") is None
    assert await keys.find("k2", "ES256") is not None


async def test_an_issuer_that_is_down_is_forgiven_for_an_hour_and_then_nobody_can_tell() -> None:
    issuer, clock = Issuer(), Clock()
    keys = _keys(issuer, clock, url=JWKS)
    await keys.find("k1", "ES256")
    issuer.down = True
    clock.now += 3000
    assert await keys.find("k1", "ES256") is not None
    clock.now += 700
    with pytest.raises(Unavailable):
        await keys.find("k1", "ES256")


async def test_a_key_serves_its_own_algorithm_only() -> None:
    issuer = Issuer()
    keys = _keys(issuer, Clock(), url=JWKS)
    assert await keys.find("k1", "ES384") is None
    assert await keys.find("k1", "RS256") is None


async def test_without_an_id_only_a_single_key_is_meant() -> None:
    assert await _keys(Issuer("k1"), Clock(), url=JWKS).find(None, "ES256") is not None
    assert await _keys(Issuer("k1", "k2"), Clock(), url=JWKS).find(None, "ES256") is None


@pytest.mark.parametrize(
    "metadata", [{"issuer": "https://evil.test", "jwks_uri": JWKS}, {"issuer": ISSUER, "jwks_uri": "http://login.example.org/k"}, [], {}]
)
async def test_metadata_of_another_issuer_or_keys_over_http_are_not_believed(metadata: Any) -> None:
    issuer = Issuer()
    issuer.metadata = metadata
    with pytest.raises(Unavailable):
        await _keys(issuer, Clock()).find("k1", "ES256")
    assert JWKS not in issuer.asked


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"keys": [1]}', b'{"keys": 1}', b"[" * 100_000, b"\xff"])
async def test_keys_that_cannot_be_read_are_no_keys(body: bytes) -> None:
    async def get(_: str) -> bytes:
        return body

    with pytest.raises(Unavailable):
        await IssuerKeys(ISSUER, get, url=JWKS).find("k1", "ES256")


async def test_shared_secrets_encryption_keys_and_odd_ones_are_left_out() -> None:
    good = Issuer().public("k1")
    listed = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
        {**good, "kid": "b", "use": "enc"},
        {"kty": "EC", "crv": "P-1", "kid": "c"},
        good,
    ]

    async def get(_: str) -> bytes:
        return json.dumps({"keys": listed}).encode()

    keys = IssuerKeys(ISSUER, get, url=JWKS)
    assert await keys.find("k1", "ES256") is not None
    assert [await keys.find(kid, algorithm) for kid, algorithm in (("a", "HS256"), ("b", "ES256"), ("c", "ES256"))] == [None, None, None]


def test_metadata_is_looked_for_where_both_standards_put_it() -> None:
    assert metadata_urls("https://a.example/x/") == [
        "https://a.example/.well-known/oauth-authorization-server/x",
        "https://a.example/x/.well-known/openid-configuration",
    ]
