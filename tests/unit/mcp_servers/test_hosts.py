from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synapse.mcp_servers.hosts import KnownNames

NAMES = KnownNames.of(("127.0.0.1", "Files.Internal", "::1"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8801", "FILES.internal:1", "[::1]", "[::1]:8801"])
def test_the_operators_names_are_answered_on_any_port(host: str) -> None:
    assert NAMES.answers([host.encode()])
    assert NAMES.trusts([f"http://{host}".encode()])
    assert NAMES.trusts([f"https://{host}".encode()])


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.test", "127.0.0.1.evil.test", "evil.test:127.0.0.1", "127.0.0.1:evil.test", "127.0.0.1:80@evil.test", "127.0.0.1 ",
        "127.0.0.1:", "127.0.0.1:80:80", "127.0.0.1:123456", "127.0.0.1/", "[127.0.0.1", "::1", "files.internal.", "127.0.0.1,evil.test",
        "127.0.0.1\x00", "127.0.0.1:8\u0660",
    ],
)  # fmt: skip
def test_whatever_is_not_written_exactly_so_is_not(host: str) -> None:
    assert not NAMES.answers([host.encode()])
    assert not NAMES.trusts([f"http://{host}".encode()])


@pytest.mark.parametrize("origin", ["null", "", "file://127.0.0.1", "127.0.0.1", "http:127.0.0.1", "http://127.0.0.1/x", "ftp://127.0.0.1"])
def test_an_origin_is_a_scheme_of_the_web_and_a_name(origin: str) -> None:
    assert not NAMES.trusts([origin.encode()])


def test_no_host_and_two_hosts_are_refused_and_so_are_two_origins() -> None:
    assert not NAMES.answers([])
    assert not NAMES.answers([b"127.0.0.1", b"127.0.0.1"])
    assert not NAMES.trusts([b"http://127.0.0.1", b"http://127.0.0.1"])
    assert NAMES.trusts([])


@given(st.binary(max_size=40))
def test_no_bytes_but_a_known_name_and_a_port_pass(host: bytes) -> None:
    known = (b"127.0.0.1", b"files.internal", b"[::1]")
    assert not NAMES.answers([host]) or any(host.lower().startswith(name) for name in known)
