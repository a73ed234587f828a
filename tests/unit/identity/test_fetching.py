from __future__ import annotations

import httpx
import pytest

from synapse.errors import Transient
from synapse.identity.fetching import get


def _answering(response: httpx.Response | Exception) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return httpx.MockTransport(answer)


async def test_the_body_is_given_whole() -> None:
    assert await get("https://login.example/keys", transport=_answering(httpx.Response(200, content=b"{}"))) == b"{}"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(302, headers={"Location": "http://169.254.169.254/"}),
        httpx.Response(500),
        httpx.Response(200, content=b"x" * 1_000_001),
        httpx.ConnectError("refused"),
    ],
)
async def test_anything_else_is_a_passing_fault(response: httpx.Response | Exception) -> None:
    with pytest.raises(Transient):
        await get("https://login.example/keys", transport=_answering(response))
