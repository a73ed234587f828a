"""Which addresses are on the public internet. An explicit table: ``ipaddress.is_global`` differs between Python's patch releases."""

from __future__ import annotations

import ipaddress
from typing import Final

IPv4 = ipaddress.IPv4Address
IPv6 = ipaddress.IPv6Address

_NOT_PUBLIC_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's platform services answer on this public-looking address
    )
)  # fmt: skip
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
"""All that is assigned for global unicast; everything outside it is refused without being listed."""
_NOT_PUBLIC_V6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, with Teredo, ORCHID and benchmarking
        "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "3ffe::/16", "5f00::/16",
    )
)  # fmt: skip
_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in ("168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")
)
_LINK_LOCAL: Final = (ipaddress.IPv4Network("169.254.0.0/16"), ipaddress.IPv6Network("fe80::/10"))
"""Where most clouds put theirs, at one address or another, and nobody a wiki."""
_TRANSLATED: Final = (ipaddress.IPv6Network("64:ff9b::/96"),)
_TRANSLATED_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})


def refusal(text: str) -> str | None:
    """Why an address may not be dialled, None when it is public. ``text`` is what a resolver gives, zone and all."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return "is no address"
    if "%" in text:
        return "is bound to one network interface"
    if isinstance(address, IPv4):
        return _refusal_v4(address)
    embedded = embedded_ipv4(address)
    if embedded is not None and _refusal_v4(embedded) is not None:
        return "carries an IPv4 address that is not public"
    if address not in _PUBLIC_V6 or any(address in network for network in _NOT_PUBLIC_V6):
        return "is not public"
    return None


def is_metadata(text: str) -> bool:
    """Whether an address, or the IPv4 address inside it, is where clouds hand out credentials: refused even to allowed hosts."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    embedded = embedded_ipv4(address) if isinstance(address, IPv6) else None
    return any(each in _METADATA or any(each in network for network in _LINK_LOCAL) for each in (address, embedded) if each is not None)


def embedded_ipv4(address: IPv6) -> IPv4 | None:
    """The IPv4 address that a mapped, compatible, translated, 6to4, Teredo or ISATAP address leads to."""
    number = int(address)
    low = number & 0xFFFFFFFF
    if address.ipv4_mapped is not None or number >> 32 == 0 or number >> 32 == 0xFFFF0000 or any(address in net for net in _TRANSLATED):
        return IPv4(low)
    if address in _TRANSLATED_LOCAL:
        # RFC 6052 with a /48 prefix: 16 bits before and 16 bits after the reserved octet; networks also use the last 32 bits.
        return IPv4(((number >> 64) & 0xFFFF) << 16 | (number >> 40) & 0xFFFF) if low == 0 else IPv4(low)
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4(low)
    return None


def _refusal_v4(address: IPv4) -> str | None:
    return "is not public" if any(address in network for network in _NOT_PUBLIC_V4) else None
