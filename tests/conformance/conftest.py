"""Both servers, the API's MCP face and the fixture server on loopback ports, and Node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from synapse.api import app as api
from synapse.corpus.folder import index_folder
from synapse.mcp_servers import filesystem, primary
from synapse.settings import ApiSettings, McpServerSettings
from tests.conformance.server import create_app
from tests.conformance.serving import served
from tests.unit.workbench import Workbench


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where each server's MCP endpoint is, by name: 'primary', 'filesystem', 'face' and 'fixture'."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / "docs").mkdir()
    (home / "docs" / "cache.md").write_text("# Caches\n\nA full cache evicts the least recently used entry.\n")
    index_folder(home / "docs", "notes", home / "corpora")
    settings = McpServerSettings()
    bench = Workbench(tmp_path_factory.mktemp("api"))
    with ExitStack() as stack:
        stack.callback(bench.close)
        yield {
            "primary": stack.enter_context(served(primary.create_app(settings, home))),
            "filesystem": stack.enter_context(served(filesystem.create_app(settings, home))),
            "face": stack.enter_context(served(api.create_app(bench.service, ApiSettings.model_validate({"api_token": None})))),
            "fixture": stack.enter_context(served(create_app(settings))),
        }
