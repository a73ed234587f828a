"""Asking an authorization server for its metadata and keys, for who has no guarded fetcher: the operator has named it."""

from __future__ import annotations

from typing import Final

import httpx

from synapse import trust
from synapse.errors import Transient

_MOST: Final = 1_000_000
"""Bytes of an answer."""
_SECONDS: Final = 10.0


async def get(url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> bytes:
    """The body behind the URL. Raises Transient; redirects are not followed, and no proxy variable is heeded."""
    try:
        async with (
            httpx.AsyncClient(
                timeout=_SECONDS, verify=trust.context(), trust_env=False, follow_redirects=False, transport=transport
            ) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise Transient(f"the authorization server answered {response.status_code}")
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MOST:
                    raise Transient("the authorization server's answer is too long")
            return body
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Transient(f"the authorization server does not answer: {type(error).__name__}") from error
