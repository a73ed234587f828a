"""What a webhook's request looks like: Standard Webhooks (https://www.standardwebhooks.com). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from synapse import __version__

PREFIX: Final = "whsec_"
_BYTES: Final = 32
_STATES: Final = {"run.completed": "succeeded", "run.failed": "failed", "run.cancelled": "cancelled"}
_KINDS: Final = {"run": "runs", "schedule": "schedules", "webhook": "webhooks"}


def new_secret() -> str:
    """A secret as it is shown: random bytes in base64 behind a prefix by which scanners know it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def payload(event: str, at: datetime, data: Mapping[str, Any], base: str) -> dict[str, Any]:
    """What is told: ids and links, and nothing that was read anywhere. The same however often it is asked for.

    ``base`` is what links begin with: the API's URL, or nothing for paths.
    """
    told = {name: value for name, value in data.items() if value is not None}
    if event in _STATES:
        told["state"] = _STATES[event]
    links = {name: f"{base}/v1/{kind}/{data[name]}" for name, kind in _KINDS.items() if name in data}
    return {"type": event, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": {**told, "links": links}}


def encoded(content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def headers(identifier: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt, made at ``at``: one signature for each secret that is good."""
    stamp = str(int(at.timestamp()))
    return {
        "content-type": "application/json",
        "user-agent": f"Synapse/{__version__} (webhooks)",
        # What answers is looked at, never unpacked.
        "accept-encoding": "identity",
        "webhook-id": identifier,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signature(key, f"{identifier}.{stamp}.".encode() + body) for key in keys),
    }


def _signature(key: str, content: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
