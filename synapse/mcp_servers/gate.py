"""What every request passes before anything of it is read: Host, Origin, credentials.

It stands before the whole application and decides by ``scope["path"]``, the path that is routed: whatever is not listed as open here
needs all three, so a route added later is not open by oversight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from synapse.errors import Unauthorized, Unavailable
from synapse.mcp_servers import grants
from synapse.mcp_servers.credentials import Credentials
from synapse.mcp_servers.hosts import KnownNames
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.problems import problem

PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by the pod's address, which is nobody's name, and without credentials."""


@dataclass(frozen=True)
class Gate:
    """ASGI middleware. ``public`` paths need no credentials; ``challenge`` is what WWW-Authenticate adds for who has none."""

    app: ASGIApp
    names: KnownNames
    credentials: Credentials
    metrics: ServerMetrics
    public: frozenset[str] = frozenset()
    challenge: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its grant, or answer 421, 403, 401, 400 or 503 without reading its body."""
        if scope["type"] != "lifespan" and scope["path"] not in PROBES:
            refusal = await self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        sent = _headers(scope)
        if not self.names.answers(sent.get(b"host", [])):
            # The name is the operator's to add; it is not repeated here.
            return self._refused("host", scope, "misdirected-request", 421, "this server does not answer to that host name")
        if not self.names.trusts(sent.get(b"origin", [])):
            return self._refused("origin", scope, "forbidden-origin", 403, "pages of that origin may not call this server")
        if scope["path"] in self.public:
            return None
        try:
            grant = await self.credentials.grant(sent.get(b"authorization", []))
        except Unauthorized as error:
            # RFC 6750: who sent no token is told how to get one, and who sent a bad one that it is bad.
            fault = ', error="invalid_token"' if sent.get(b"authorization") else ""
            return self._refused(
                "token", scope, error.code, 401, error.detail, {"WWW-Authenticate": f'Bearer realm="synapse"{self.challenge}{fault}'}
            )
        except Unavailable as error:
            return self._refused("issuer", scope, error.code, 503, error.detail, {"Retry-After": "30"})
        if any(name == "access_token" for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)):
            # Addresses are logged, by us and by every proxy on the way.
            return self._refused("query-token", scope, "invalid-input", 400, "a token does not belong in an address")
        grants.attach(scope, grant)
        return None

    def _refused(self, rule: str, scope: Scope, code: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
        self.metrics.refused(rule)
        return problem(code, status, detail, instance=scope["path"], headers=headers)


def _headers(scope: Scope) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name, []).append(value)
    return found
