from __future__ import annotations

import pytest

from synapse.cli.listening import listen, url_of
from synapse.errors import InvalidInput, Unavailable


def test_port_0_takes_a_free_one() -> None:
    with listen("127.0.0.1", 0, "SYNAPSE_API_PORT") as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert url_of(listener) == f"http://127.0.0.1:{port}"


def test_a_taken_port_names_its_setting_and_the_way_out() -> None:
    with listen("127.0.0.1", 0, "X") as first, pytest.raises(Unavailable) as caught:
        listen("127.0.0.1", first.getsockname()[1], "SYNAPSE_API_PORT")
    assert caught.value.field == "SYNAPSE_API_PORT"
    assert "SYNAPSE_API_PORT=0" in (caught.value.remedy or "")


@pytest.mark.parametrize("host", ["not a host", "192.0.2.1"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="cannot listen"):
        listen(host, 0, "SYNAPSE_API_PORT")


def test_all_addresses_are_reached_by_loopback() -> None:
    with listen("0.0.0.0", 0, "X") as listener:
        assert url_of(listener).startswith("http://127.0.0.1:")
