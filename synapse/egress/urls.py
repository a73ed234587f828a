"""Which URLs may be asked for at all, before any name is resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

import httpx

from synapse.egress.refused import Refused

_PORTS: Final = {"http": 80, "https": 443}
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_IPV6: Final = re.compile(r"[0-9a-f:.]*:[0-9a-f:.]*")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_MAX_LENGTH: Final = 4096


def port_of(url: httpx.URL) -> int:
    """The port that a URL leads to."""
    return url.port or _PORTS[url.scheme]


def host_of(url: httpx.URL) -> str:
    """The host as it is resolved: ASCII, lower-case, brackets and the final dot taken off."""
    return url.raw_host.decode("ascii").strip("[]").rstrip(".").lower()


def _is_odd_number(host: str) -> bool:
    """Whether a resolver may take a host for an IPv4 address, though it is not written as one: octal, hexadecimal, or in fewer parts."""
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return False
    try:
        IPv4Address(host)
    except ValueError:
        return True
    return False


@dataclass(frozen=True)
class UrlPolicy:
    """Only http and https on ``ports``. ``allowed`` are the operator's exceptions: 'host', or 'host:port' for another port."""

    allowed: tuple[str, ...] = ()
    ports: tuple[int, ...] = (80, 443)

    def checked(self, text: str, base: httpx.URL | None = None) -> httpx.URL:
        """The URL to fetch; relative to ``base`` if given. Raises Refused for one that is not fetched whatever it resolves to."""
        if len(text) > _MAX_LENGTH or _FORBIDDEN.search(text):
            raise Refused("the URL is too long or has characters that no URL has", "url")
        try:
            url = base.join(text) if base is not None else httpx.URL(text)
            # Read once more as it came out: IDNA makes dots of other scripts into ones that make the host an address, or none.
            url = httpx.URL(str(url))
            host = host_of(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise Refused("the URL cannot be read", "url") from error
        if url.scheme not in _PORTS:
            raise Refused("only http and https are fetched", "url")
        if url.userinfo:
            raise Refused("a URL with a user name is not fetched", "url")
        # What is left after IDNA: anything else is read one way here and another way by who resolves it.
        if not (_NAME.fullmatch(host) or _IPV6.fullmatch(host)) or _is_odd_number(host):
            raise Refused("the URL names no host", "url")
        port = port_of(url)
        others = set(_PORTS.values()) - {_PORTS[url.scheme]}
        if f"{host}:{port}" not in self.allowed and (port not in self.ports or port in others):
            raise Refused("a URL with this port is not fetched", "url")
        return url

    def is_allowed_host(self, url: httpx.URL) -> bool:
        """Whether the operator lets this host be fetched although its address is private."""
        host = host_of(url)
        return host in self.allowed or f"{host}:{port_of(url)}" in self.allowed
