from __future__ import annotations

import pytest

from synapse.api.mcp_face.origins import trusted

NAMES = ("127.0.0.1", "localhost", "::1")


@pytest.mark.parametrize(
    "origins",
    [[], ["http://localhost"], ["http://LOCALHOST:3000"], ["https://127.0.0.1:1"], ["http://[::1]:80"], ["https://api.example:8800"]],
)
def test_programs_pages_of_this_machine_and_pages_of_the_server_may_call(origins: list[str]) -> None:
    assert trusted(origins, "API.example:8800", NAMES)


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "https://evil.example", "https://api.example", "https://api.example:8801", "https://localhost.evil.example"),
        *("http://localhost@evil.example", "file://localhost", "localhost", "http://localhost/", "http://localhost:99999999"),
    ],
)
def test_other_pages_may_not(origin: str) -> None:
    assert not trusted([origin], "api.example:8800", NAMES)
    assert not trusted(["http://localhost", origin], "api.example:8800", NAMES)
