"""The public keys of an issuer: found by its metadata, kept for some minutes, asked for again when a token names one that is new."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from jwt import PyJWK, PyJWTError

from synapse.errors import StepError, Unavailable

Get = Callable[[str], Awaitable[bytes]]
"""URL → the body behind it. Raises StepError."""

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_FAMILIES: Final = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("Ed",)}

_FRESH: Final = 600.0
"""Seconds after which keys are asked for again, and so the longest that a withdrawn key is believed while its issuer answers."""
_STALE: Final = 3600.0
"""Seconds for which keys are believed when their issuer does not answer."""
_PAUSE: Final = 30.0
"""Seconds between two requests to the issuer: made-up key ids must not become requests to somebody else."""


@dataclass(frozen=True)
class _Key:
    id: object
    kind: str
    algorithm: str | None
    public: Any

    def fits(self, algorithm: str) -> bool:
        """Whether it may be used with an algorithm: the one it names, or if it names none, one of its kind."""
        return algorithm == self.algorithm if self.algorithm is not None else algorithm.startswith(_FAMILIES[self.kind])


class IssuerKeys:
    """Keys by id. Requests of many callers at once become one."""

    def __init__(self, issuer: str, get: Get, *, url: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._get = get
        self._url = url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: list[_Key] = []
        self._read_at = float("-inf")
        self._tried_at = float("-inf")

    async def find(self, kid: object, algorithm: str) -> Any | None:
        """The key that a token names, for that algorithm; None when the issuer has none. Raises Unavailable when it cannot be asked."""
        found = self._pick(kid, algorithm)
        if self._clock() - self._read_at > _FRESH or found is None:
            await self._refresh()
            found = self._pick(kid, algorithm)
        return found

    def _pick(self, kid: object, algorithm: str) -> Any | None:
        fitting = [key for key in self._keys if key.fits(algorithm)]
        if kid is not None:
            fitting = [key for key in fitting if key.id == kid]
        # Without an id only a single key is meant; trying them one after another would make every one of them count for all.
        return fitting[0].public if len(fitting) == 1 else None

    async def _refresh(self) -> None:
        async with self._lock:
            now = self._clock()
            if now - self._tried_at >= _PAUSE:
                self._tried_at = now
                try:
                    self._keys = _signing_keys(await self._get(self._url or await self._discovered()))
                    self._read_at = now
                except (StepError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    pass
            if now - self._read_at > _STALE:
                self._keys = []
                raise Unavailable("the authorization server's keys cannot be had now")

    async def _discovered(self) -> str:
        """The URL of the keys, as the issuer's metadata names it. Raises ValueError when that is another issuer's."""
        error: StepError | None = None
        for url in metadata_urls(self._issuer):
            try:
                found = json.loads(await self._get(url))
            except StepError as failed:
                error = failed
                continue
            if found["issuer"] != self._issuer:
                raise ValueError("the metadata is another issuer's")
            jwks = str(found["jwks_uri"])
            if urlsplit(self._issuer).scheme == "https" and urlsplit(jwks).scheme != "https":
                raise ValueError("the keys of an issuer on https are on http")
            return jwks
        raise error or ValueError("no metadata")


def metadata_urls(issuer: str) -> list[str]:
    """Where an issuer's metadata may be: by RFC 8414, and by OpenID Connect."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    return [f"{origin}/.well-known/oauth-authorization-server{path}", f"{origin}{path}/.well-known/openid-configuration"]


def _signing_keys(body: bytes) -> list[_Key]:
    keys = []
    for entry in json.loads(body)["keys"]:
        if entry.get("kty") in _FAMILIES and entry.get("use", "sig") == "sig":
            # One that cannot be read is somebody's who uses what we do not know; the others are good all the same.
            with suppress(PyJWTError):
                keys.append(_Key(entry.get("kid"), entry["kty"], entry.get("alg"), PyJWK(entry).key))
    return keys
