"""What is refused over plain HTTP, as RFC 9457 problems: one shape, whoever refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response

MEDIA_TYPE: Final = "application/problem+json"


def problem(code: str, status: int, detail: str, *, instance: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem as a response; ``instance`` is the request's path."""
    body = described(code, status, detail, instance=instance, **more)
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def described(code: str, status: int, detail: str, *, instance: str, **more: Any) -> dict[str, Any]:
    """A problem as JSON."""
    title = code.replace("-", " ").capitalize()
    return {
        "type": f"urn:synapse:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        **more,
    }
