"""The API over a real service on SQLite, worked off by the engine's own runner in this thread, without a broker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from synapse.api.app import create_app
from synapse.service.service import Service
from synapse.settings import ApiSettings
from tests.unit.workbench import Workbench


@pytest.fixture
def service(bench: Workbench) -> Service:
    """The bench's service."""
    return bench.service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application on loopback, which shows a server's errors as the answers they become."""
    app = create_app(service, ApiSettings(api_token=None))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8800") as client:
        yield client
