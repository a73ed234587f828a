from __future__ import annotations

import hmac

import pytest

from synapse.errors import Unauthorized
from synapse.mcp_servers.credentials import Credentials
from synapse.mcp_servers.grants import EVERYTHING, READ, Grant, granted

TOKEN = "a-token-of-sixteen-or-more"


class OneToken:
    async def verify(self, token: str) -> Grant:
        if token != "good":
            raise Unauthorized
        return granted([READ])


async def test_while_nothing_is_asked_for_everybody_may_do_everything() -> None:
    assert await Credentials().grant([]) is EVERYTHING


async def test_the_shared_token_grants_everything_and_a_verified_one_what_it_says() -> None:
    credentials = Credentials(TOKEN, OneToken())
    assert await credentials.grant([f"Bearer {TOKEN}".encode()]) is EVERYTHING
    assert await credentials.grant([b"bearer good"]) == granted([READ])


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b""],
        [b"Bearer "],
        [b"Bearer bad"],
        [b"Basic good"],
        [b"Bearer \xff"],
        [f"Bearer {TOKEN}".encode()] * 2,
        [b"Bearer " + b"x" * 20_000],
    ],
)
async def test_everything_else_is_refused(sent: list[bytes]) -> None:
    for credentials in (Credentials(TOKEN), Credentials(TOKEN, OneToken())):
        with pytest.raises(Unauthorized):
            await credentials.grant(sent)


async def test_the_shared_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    with pytest.raises(Unauthorized):
        await Credentials(TOKEN).grant([b"Bearer a-token-of-sixteen-or-morf"])
    assert compared == [(b"Bearer a-token-of-sixteen-or-morf", f"Bearer {TOKEN}".encode())]
