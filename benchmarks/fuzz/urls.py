"""URLs and addresses. Whatever is accepted is read alike by other parsers, and leads to no address that is not public."""

from __future__ import annotations

import importlib.util
import ipaddress
import random
import socket
from collections.abc import Coroutine, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from synapse.egress.addresses import refusal
from synapse.egress.dialling import Dialler, Refused
from synapse.egress.urls import UrlPolicy, host_of, port_of
from synapse.errors import Permanent

POLICY = UrlPolicy()
_HAS_URLLIB3 = importlib.util.find_spec("urllib3") is not None
_IPV4 = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.100.100.200", "168.63.129.16", "0.0.0.0", "8.8.8.8", "172.16.0.1")
PIECES = (
    "http", "https", "file", "gopher", "data", "HTTP", ":", "//", "/", "\\", "@", "#", "?", "&", "=", ".", "..", "%", "%00", "%0d%0a",
    "%2f",
    "%40", "%5c", "%2e", "[", "]", "::", "::1", "::ffff:", "64:ff9b::", "2002:", "fe80::1%25eth0", "user", "user:pass@", "localhost",
    "localhost.", "example.com", "a.test", ":80", ":443", ":22", ":0", ":080", ":99999", ":-1", ":٨٠", "\t", "\r\n", " ", "\x00", "\u200b",
    "\u2028", "。", "．", "⑫⑦", "①", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ß", "İ", "ﬀ", "xn--", "xn--a", "\u00ad", "0x7f", "0177", "2130706433", "127.1", "00",
    "0",
    "1", "255", "256", "-", "_", "~", "*", "+", ";", ",", "!", "'", '"', "<", ">", "{", "}", "|", "^", "`", "é", "😀", "\ud800",
)  # fmt: skip
_NETWORKS_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip


def make(source: random.Random) -> str:
    """A URL, or what somebody might take for one."""
    kind = source.randrange(4)
    if kind == 0:
        return "".join(source.choices(PIECES, k=source.randrange(1, 12)))
    host = source.choice((number_of, embedded, _name))(source)
    if kind == 1:
        return f"http://{host}/"
    port, rest = source.choice(("", ":80", ":443", ":")), source.choice(("", "a", "?b", "#c", ".."))
    url = f"{source.choice(('http', 'https', 'HTTP'))}://{host}{port}/{rest}"
    for _ in range(source.randrange(3)):
        at = source.randrange(len(url) + 1)
        url = url[:at] + source.choice(PIECES) + url[at + source.randrange(2) :]
    return url


def number_of(source: random.Random) -> str:
    """An IPv4 address in one of the spellings that resolvers take."""
    number = int(ipaddress.IPv4Address(source.choice(_IPV4) if source.random() < 0.7 else source.getrandbits(32)))
    parts = list(number.to_bytes(4, "big"))
    for _ in range(source.randrange(4)):
        if len(parts) > 1:
            low = parts.pop()
            parts[-1] = parts[-1] << (8 * (4 - len(parts))) | low
    spelt = (source.choice(("{}", "0x{:x}", "0{:o}", "{}", "0X{:X}")).format(part) for part in parts)
    return ".".join(spelt) + source.choice(("", "", "."))


def embedded(source: random.Random) -> str:
    """An IPv6 address, often with an IPv4 address inside it."""
    inner = int(ipaddress.IPv4Address(source.choice(_IPV4) if source.random() < 0.8 else source.getrandbits(32)))
    high = source.getrandbits(64)
    number = source.choice(
        (
            inner, 0xFFFF << 32 | inner, 0xFFFF << 48 | inner, 0x64FF9B << 96 | inner, 0x64FF9B0001 << 80 | inner,
            0x64FF9B0001 << 80 | (inner >> 16) << 64 | (inner & 0xFFFF) << 40, 0x2002 << 112 | inner << 80 | source.getrandbits(80),
            0x20010000 << 96 | source.getrandbits(64) << 32 | inner ^ 0xFFFFFFFF, high << 64 | 0x5EFE << 32 | inner,
            high << 64 | 0x02005EFE << 32 | inner, 0x26064700 << 96 | 0x02005EFE << 32 | inner, 0xFE80 << 112 | high, 0xFD << 120 | high,
            0x20010DB8 << 96 | high, 0x26 << 120 | source.getrandbits(120), source.getrandbits(128),
        )
    )  # fmt: skip
    address = ipaddress.IPv6Address(number)
    return f"[{source.choice((str(address), address.exploded, str(address).upper()))}]"


def _name(source: random.Random) -> str:
    return ".".join("".join(source.choices(PIECES[-60:], k=source.randrange(1, 3))) for _ in range(source.randrange(1, 4)))


def check(text: str, base: httpx.URL | None = None) -> bool:
    """Whether the guard accepts the URL. Raises AssertionError when that breaks a law."""
    try:
        url = POLICY.checked(text, base)
    except Permanent:
        return False
    host, port, whole = host_of(url), port_of(url), str(url)
    assert url.scheme in ("http", "https")
    assert (url.scheme, port) in {("http", 80), ("https", 443)}
    assert not url.userinfo
    assert host
    assert host.isascii()
    assert not any(ord(character) <= 32 or ord(character) == 127 for character in f"{host}{url.raw_path.decode('ascii')}")
    _agree(whole, host, port)
    _lead_nowhere_inside(url)
    return True


def check_addresses(found: Sequence[str]) -> bool:
    """Whether a name with these records is dialled. Raises AssertionError when that breaks a law."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        return found

    try:
        _result(Dialler(POLICY, resolver).addresses(httpx.URL("http://a.test/")))
    except Refused:
        return False
    assert found
    assert all(is_public(address) for address in found), found
    return True


def is_public(text: str) -> bool:
    """Another opinion than `synapse.egress.addresses`: by bytes, and by what Python thinks."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _NETWORKS_V4)
    raw = address.packed
    inner: list[bytes] = []
    if raw[:8] == bytes(8) or raw[:12] == bytes.fromhex("0064ff9b0000000000000000"):
        inner.append(raw[12:])
    if raw[:6] == bytes.fromhex("0064ff9b0001"):
        inner += [raw[12:], raw[6:8] + raw[9:11]]
    if raw[:2] == b"\x20\x02":
        inner.append(raw[2:6])
    if raw[:4] == bytes.fromhex("20010000"):
        inner.append(bytes(byte ^ 0xFF for byte in raw[12:]))
    if raw[8:12] in (bytes.fromhex("00005efe"), bytes.fromhex("02005efe")):
        inner.append(raw[12:])
    return address.is_global and not address.is_site_local and all(is_public(str(ipaddress.IPv4Address(each))) for each in inner)


def _agree(whole: str, host: str, port: int) -> None:
    """What was accepted is the same host and port to everybody who reads it."""
    again = httpx.URL(whole)
    assert (host_of(again), port_of(again)) == (host, port), whole
    parts = urlsplit(whole)
    named = (parts.hostname or "").rstrip(".").lower()
    assert named.encode("idna" if not named.isascii() else "ascii").decode() == host or not named.isascii(), (whole, named, host)
    assert (parts.port or port) == port, whole
    if _HAS_URLLIB3:
        from urllib3.util import parse_url

        other = parse_url(whole)
        assert not other.host or not other.host.isascii() or other.host.strip("[]").rstrip(".").lower() == host, (whole, other.host, host)
        assert (other.port or port) == port, whole


def _lead_nowhere_inside(url: httpx.URL) -> None:
    """A host that is an address, however it is spelt, is dialled only where it is public. No name is looked up."""

    async def numbers(host: str, port: int) -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(entry[4][0]) for entry in found]

    try:
        addresses = _result(Dialler(POLICY, numbers).addresses(url))
    except Permanent:
        return
    assert all(is_public(address) and refusal(address) is None for address in addresses), (str(url), addresses)


def _result(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine that never waits comes to, without an event loop: ten times as many inputs are tried."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")
