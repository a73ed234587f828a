"""What routes are given. Coroutines throughout: FastAPI would run each of the others on a thread, for each request."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Path, Request

from synapse.api.security import Caller
from synapse.errors import NotFound
from synapse.service.service import Service

_ID: Final = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


async def _service(request: Request, principal: Caller) -> Service:
    service: Service = request.app.state.service
    return service.acting_for(principal)


async def _installation(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def known_id(value: str, what: str) -> str:
    """The id of such a thing. Raises NotFound for what cannot be one: it is not looked for, for a database need not see it."""
    if not _ID.match(value):
        raise NotFound(f"there is no {what} {value[:64]!r}")
    return value


def run_id(value: str) -> str:
    """The id of a run. Raises NotFound."""
    return known_id(value, "run")


async def _run_id(run: Annotated[str, Path(description="The run's id.", examples=["5f0c9f0e-5a0b-4b3c-9d53-0b7a4c2e8d11"])]) -> str:
    return run_id(run)


ServiceOf = Annotated[Service, Depends(_service)]
"""The service acting for the caller: what a route asks of it, it asks for the caller's tenant."""
InstallationOf = Annotated[Service, Depends(_installation)]
"""The service acting for the operator; for what belongs to no tenant."""
RunId = Annotated[str, Depends(_run_id)]
