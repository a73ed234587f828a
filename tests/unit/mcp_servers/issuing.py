"""An authorization server for tests: keys, their JWKS, tokens."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from synapse.errors import Transient

ISSUER = "https://login.example.org/realm"
AUDIENCE = "https://tools.example.org/mcp"
JWKS = "https://login.example.org/realm/keys"


class Issuer:
    """Keys by id; `get` answers for its metadata and keys, and counts."""

    def __init__(self, *ids: str) -> None:
        self.keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ids or ("k1",)}
        self.asked: list[str] = []
        self.down = False
        self.metadata: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": JWKS}

    async def get(self, url: str) -> bytes:
        self.asked.append(url)
        if self.down:
            raise Transient("no connection could be made")
        if url == JWKS:
            return json.dumps({"keys": [self.public(name) for name in self.keys]}).encode()
        return json.dumps(self.metadata).encode()

    def public(self, name: str) -> dict[str, Any]:
        described = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.keys[name].public_key()))
        return {**described, "kid": name, "use": "sig", "alg": "ES256"}

    def token(self, scope: object = "tools:read", *, kid: str = "k1", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        given = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 300, "iat": now, "sub": "somebody", "scope": scope, **claims}
        kept = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(kept, self.keys[kid], algorithm="ES256", headers={"kid": kid, "typ": "at+jwt", **(headers or {})})
