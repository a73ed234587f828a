"""The list's 'Protocol', lines 14 and 16, for a server that listens. What talks over its standard streams has neither host nor token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from benchmarks.mcp_safety.memory import growing
from benchmarks.mcp_safety.subjects import Session
from benchmarks.mcp_safety.verdict import Outcome, Verdict, worst

TOKEN: Final = "a-token-of-the-benchmark-0123456789"
_VERSION: Final = "2026-07-28"
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": _VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_SWELLED: Final = 64.0


@dataclass(frozen=True)
class Case:
    """One line of the page: what is tried, what a safe server does, and the trying."""

    line: int
    tried: str
    safe: str
    attempt: Callable[[Session], Awaitable[Verdict]]


async def _posted(session: Session, headers: Mapping[str, str], *, query: str = "", body: bytes | None = None) -> httpx.Response:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": _META}}
    base = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": _VERSION,
        "mcp-method": "tools/list",
        "authorization": f"Bearer {TOKEN}",
    }
    sent = [(name, value) for name, value in {**base, **headers}.items() if value]
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.post(f"{session.url}{query}", headers=sent, content=body or json.dumps(asked).encode())


def _judged(response: httpx.Response) -> Verdict:
    if "inputSchema" in response.text:
        return Verdict(Outcome.ACCEPTED, f"status {response.status_code}")
    if response.status_code >= 500:
        return Verdict(Outcome.CRASHED, f"status {response.status_code}")
    return Verdict(Outcome.REFUSED, f"status {response.status_code}")


def _refusing(line: int, tried: str, attempts: Mapping[str, tuple[Mapping[str, str], str]]) -> Case:
    async def attempt(session: Session) -> Verdict:
        usual = await _posted(session, {})
        assert "inputSchema" in usual.text, f"the usual request fails: {usual.text[:300]}"
        verdicts = []
        for name, (headers, query) in attempts.items():
            try:
                verdicts.append((name, _judged(await _posted(session, headers, query=query))))
            except httpx.TimeoutException:
                verdicts.append((name, Verdict(Outcome.HUNG)))
        return worst(verdicts)

    return Case(line, tried, "refuse", attempt)


async def _large(session: Session) -> Verdict:
    call: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": _META, "x": "a" * 5_000_000}}
    body = json.dumps(call).encode()
    async with growing(session.pid) as growth, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_posted(session, {}, body=body)) for _ in range(4)]
    grown = f"{growth.megabytes:.0f} MB more for four"
    if growth.megabytes > _SWELLED:
        return Verdict(Outcome.SWELLED, grown)
    if any(task.result().status_code >= 500 for task in tasks):
        return Verdict(Outcome.CRASHED, f"status {max(task.result().status_code for task in tasks)}")
    refused = all(task.result().status_code >= 400 for task in tasks)
    return Verdict(Outcome.REFUSED if refused else Outcome.ANSWERED, f"status {tasks[0].result().status_code}, {grown}")


async def _rest_of_it(session: Session) -> Verdict:
    bodies = (b" ", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc":"2.0","id":1,"method":1}')
    return worst([(repr(body[:10]), _judged(await _posted(session, {}, body=body))) for body in bodies])


_HOSTS: Final[dict[str, tuple[Mapping[str, str], str]]] = {
    "Host of a stranger": ({"host": "evil.example"}, ""),
    "Host with our name inside": ({"host": "localhost.evil.example"}, ""),
    "Origin of a stranger": ({"origin": "http://evil.example"}, ""),
    "Origin null": ({"origin": "null"}, ""),
}
_DISAGREEING: Final[dict[str, tuple[Mapping[str, str], str]]] = {
    "another method in the header": ({"mcp-method": "tools/call"}, ""),
    "no method in the header": ({"mcp-method": ""}, ""),
    "another version in the header": ({"mcp-protocol-version": "2025-11-25"}, ""),
}
_TOKENS: Final[dict[str, tuple[Mapping[str, str], str]]] = {
    "none": ({"authorization": ""}, ""),
    "a wrong one": ({"authorization": f"Bearer {TOKEN[:-1]}x"}, ""),
    "its beginning": ({"authorization": f"Bearer {TOKEN[:-1]}"}, ""),
    "another scheme": ({"authorization": f"Basic {TOKEN}"}, ""),
    "in the query": ({"authorization": ""}, f"?access_token={TOKEN}&token={TOKEN}"),
    "in a cookie": ({"authorization": "", "cookie": f"token={TOKEN}"}, ""),
}

CASES: Final = (
    _refusing(14, "Host and Origin of strangers", _HOSTS),
    _refusing(14, "headers and body that disagree", _DISAGREEING),
    Case(14, "four bodies of 5 MB at once", f"answer, with less than {_SWELLED:.0f} MB more memory", _large),
    Case(14, "bodies that are no request", "refuse", _rest_of_it),
    _refusing(16, "no token, a wrong one, one in the query or in a cookie", _TOKENS),
)
