"""The page on the MCP servers: its requests are made, its settings start servers, and its tools, scopes and metrics are all there are."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from synapse.corpus.folder import index_folder
from synapse.mcp_servers import filesystem, primary
from synapse.mcp_servers.admission import credentials_of, require_credentials
from synapse.mcp_servers.grants import scope_of
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.oauth import JwtVerifier
from synapse.mcp_servers.roots import roots_of
from synapse.settings import McpServerSettings
from tests.absent import absent
from tests.docs.pages import ROOT, blocks, commands
from tests.docs.running import environment
from tests.services.ports import free_port
from tests.services.process import ServerProcess

PAGE = ROOT / "docs/howto/mcp-servers.md"


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Both servers, by the ports that the page gives them."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "docs").mkdir()
    for name in ("tides", "moon"):
        (folder / "docs" / f"{name}.md").write_text(f"# {name}\n\nThe moon makes the tides.\n")
    index_folder(folder / "docs", "handbook", folder / "home" / "corpora")
    ports = {"8801": free_port(), "8802": free_port()}
    processes = []
    for which, port in zip(("primary", "filesystem"), ports.values(), strict=True):
        command = [sys.executable, "-m", "synapse.cli.main", "mcp", which, "--port", str(port)]
        processes.append(ServerProcess(command, log=folder / f"{which}.log", env=environment(folder)))
    for process, port in zip(processes, ports.values(), strict=True):
        process.wait_until(lambda port=port: _answers(port), "the server")  # type: ignore[misc]
    yield ports
    for process in processes:
        process.stop()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_every_curl_is_answered(ports: dict[str, int]) -> None:
    if shutil.which("curl") is None:
        absent("curl is not installed")
    answers = {}
    for line in commands(PAGE):
        if line.startswith("curl "):
            words = shlex.split(re.sub(r"localhost:(\d+)", lambda found: f"127.0.0.1:{ports[found[1]]}", line))
            done = subprocess.run(
                [*words, "-sS", "--fail-with-body", "--noproxy", "*"], capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            answers[re.findall(r"/tools/?(\w*)", line)[0]] = done.stdout
    assert json.loads(answers["save_file"])["path"] == "notes/tides.md"
    assert json.loads(answers["read_file"])["content"] == "# Tides\n"
    assert json.loads(answers["search_corpus"])["sources"][0]["url"].startswith("corpus://handbook/")
    (shown,) = (block.text for block in blocks(PAGE, "text"))
    assert re.findall(r"^event: \w+$", answers["browse_many"], re.MULTILINE) == re.findall(r"^event: \w+$", shown, re.MULTILINE)
    assert re.findall(r"^data: .*progress.*$", answers["browse_many"], re.MULTILINE) == re.findall(
        r"^data: .*progress.*$", shown, re.MULTILINE
    )


def test_the_settings_of_the_page_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in commands(PAGE):
        if line.startswith("export "):
            name, _, value = shlex.split(line, comments=True)[1].partition("=")
            monkeypatch.setenv(name, value.replace("/srv", str(tmp_path)))
    settings = McpServerSettings()
    require_credentials(settings)
    assert isinstance(credentials_of(settings).verifier, JwtVerifier)
    roots = roots_of(settings, tmp_path)
    assert {name: files.read_only for name, files in roots.files.items()} == {"default": False, "team-a": False, "archive": True}
    assert settings.fetch_allow_hosts == ("wiki.intern", "search.intern:8080")


async def test_the_tools_and_their_scopes_are_those_of_the_servers(tmp_path: Path) -> None:
    listed = re.findall(r"^\| (primary|filesystem) \| (.+?) \| `(tools:\w+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {(server, tool): scope for server, tools, scope in listed for tool in re.findall(r"`(\w+)`", tools)}
    found: dict[tuple[str, str], str] = {}
    for which, create in (("primary", primary.create_app), ("filesystem", filesystem.create_app)):
        app: Any = create(McpServerSettings(), tmp_path)
        server = next(route.endpoint._server for route in app.router.routes if getattr(route, "path", "") == "/mcp")
        found |= {(which, tool.name): scope_of(tool.annotations) for tool in await server.list_tools()}
    assert told == found


def test_the_metrics_are_those_that_are_counted() -> None:
    page = ServerMetrics().page().decode()
    for name in re.findall(r"^\| `(synapse_mcp_\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE):
        assert f"# TYPE {name}" in page or f"# TYPE {name.removesuffix('_total')} " in page, name
