from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from synapse.cli.house import House, Ports, check_home
from synapse.cli.listening import listen
from synapse.errors import InvalidInput, Unavailable


def test_every_server_is_ready_at_its_address(house: House) -> None:
    assert list(house.addresses) == ["api", "mcp primary", "mcp filesystem"]
    for url in house.addresses.values():
        assert httpx.get(httpx.URL(url).join("/readyz"), trust_env=False).status_code == 200


def test_a_taken_port_is_an_error_that_names_its_setting_and_nothing_is_left_open() -> None:
    with listen("127.0.0.1", 0, "X") as taken:
        port = taken.getsockname()[1]
        ports = Ports("127.0.0.1", 0, "127.0.0.1", port, 0)
        with pytest.raises(Unavailable) as caught, House(ports, workers=False):
            raise AssertionError("started on a taken port")
    assert caught.value.field == "SYNAPSE_MCP_PRIMARY_PORT"
    assert "SYNAPSE_MCP_PRIMARY_PORT=0" in (caught.value.remedy or "")


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(InvalidInput) as caught:
        check_home()
    assert caught.value.field == "SYNAPSE_HOME"


def test_free_ports_keep_the_hosts() -> None:
    ports = Ports("127.0.0.1", 1, "localhost", 2, 3).free()
    assert (ports.api_host, ports.mcp_host, ports.api, ports.primary, ports.filesystem) == ("127.0.0.1", "localhost", 0, 0, 0)
