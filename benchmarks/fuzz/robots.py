"""robots.txt. No text and no path raises anything but our errors, and what is read agrees with a plain reading of RFC 9309."""

from __future__ import annotations

import random
import re

import httpx

from synapse.egress.dialling import Refused
from synapse.errors import StepError
from synapse.mcp_servers.robots import LONGEST_DELAY, parse

Case = tuple[str, str]
"""A robots.txt and a path."""
PIECES = (
    "User-agent:", "user-agent :", "Useragent:", "Disallow:", "Allow:", "disallow", "Crawl-delay:", "Sitemap:", "Request-rate:", ":", "*",
    "$", "/", "//", "?", "#", "%", "%2F", "%41", "%zz", "synapse", "Synapse/1", "synapses", "other", "\n", "\r\n", "\r", " ", "\t", "\x00",
    "\ufeff", "\u2028", "\x85", "\x0b", "a", "b", "ü", "😀", "\ud800", "1", "-1", "nan", "inf", "1e400", "9" * 400, "**", "*$", "<html>",
)  # fmt: skip


def make(source: random.Random) -> Case:
    """Noise, made of what such files are made of."""
    return "".join(source.choices(PIECES, k=source.randrange(60))), "/" + "".join(source.choices("ab/?%*$é;=&", k=source.randrange(12)))


def make_plain(source: random.Random) -> Case:
    """A file as it should be, and a path."""
    lines = []
    for _ in range(source.randrange(1, 5)):
        lines += [f"User-agent: {source.choice(('*', 'synapse', 'Synapse', 'other', 'synapses'))}" for _ in range(source.randrange(1, 3))]
        for _ in range(source.randrange(5)):
            lines.append(f"{source.choice(('Allow', 'Disallow'))}: /{''.join(source.choices('aab*/$', k=source.randrange(6)))}")
    return source.choice(("\n", "\r\n")).join(lines), "/" + "".join(source.choices("aab/", k=source.randrange(8)))


def check(case: Case) -> bool:
    """Whether the page may be read. Raises AssertionError when that breaks a law."""
    text, path = case
    try:
        delay = parse(text).check(httpx.URL(f"http://a.test{path}"))
    except StepError:
        return False
    assert 0 <= delay <= LONGEST_DELAY, delay
    return True


def check_plain(case: Case) -> bool:
    """The same for a file as it should be, which a plain reading understands as well."""
    text, path = case
    try:
        parse(text).check(httpx.URL(f"http://a.test{path}"))
        is_allowed = True
    except Refused:
        is_allowed = False
    assert is_allowed == allowed(text, path), case
    return is_allowed


def allowed(text: str, path: str) -> bool:
    """What RFC 9309 says, read plainly: the groups that name us, else those for all; the longest rule; Allow where two are as long."""
    groups: list[tuple[set[str], list[tuple[str, str]]]] = []
    for line in text.splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if name.lower() == "user-agent":
            if not groups or groups[-1][1]:
                groups.append((set(), []))
            groups[-1][0].add(value.lower())
        elif groups:
            groups[-1][1].append((name.lower(), value))
    # A group without rules ends where the next one begins only if there is a rule between them: RFC 9309, section 2.1.
    ours = [rules for agents, rules in groups if "synapse" in agents]
    if not any("synapse" in agents for agents, _ in groups):
        ours = [rules for agents, rules in groups if "*" in agents]
    matching = [(len(value), name == "allow") for rules in ours for name, value in rules if value and _matches(value, path)]
    return max(matching, default=(0, True))[1]


def _matches(rule: str, path: str) -> bool:
    ends = rule.endswith("$")
    pattern = ".*".join(re.escape(part) for part in (rule[:-1] if ends else rule).split("*"))
    return re.match(pattern + ("$" if ends else ""), path) is not None
