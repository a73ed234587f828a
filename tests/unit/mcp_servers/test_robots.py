from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.fuzz import robots
from synapse.egress.dialling import Refused
from synapse.errors import Permanent, StepError, Transient
from synapse.mcp_servers.robots import LONGEST_DELAY, MAX_BYTES, Robots, parse

PAGE = httpx.URL("http://example.com/a/b?c=d")


class Host:
    """Answers for robots.txt of every origin, and counts how often it is asked."""

    def __init__(self, *answers: tuple[int, bytes] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, url: httpx.URL) -> tuple[int, bytes]:
        self.asked.append(str(url))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _allows(text: str, path: str) -> bool:
    try:
        parse(text).check(httpx.URL(f"http://example.com{path}"))
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", "/a/b", False),
        ("User-agent: *\nDisallow: /a", "/b", True),
        ("User-agent: *\nDisallow: /\nAllow: /a", "/a/b", True),
        ("User-agent: SYNAPSE\nDisallow: /a", "/a", False),
        ("User-agent: synapse/2.0\nDisallow: /a", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Synapse\nAllow: /", "/a", True),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: other\nUser-agent: synapse\nDisallow: /a", "/a", False),
        ("User-agent: synapse\nSitemap: http://x/y\nDisallow: /a", "/a", False),
        ("User-agent: synapse\nDisallow: /a\nUser-agent: other\nDisallow: /b", "/b", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("\ufeffUser-agent: *\rDisallow: /a", "/a", False),
        ("User-agent: *   # all\n  disallow :  /a # here", "/a", False),
        ("User-agent: *\nDisallow: /a%3cd", "/a%3Cd", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow: /x", "//evil.example/x", True),
        ("Disallow: /", "/a", True),
        ("", "/a", True),
        ("\x00\xff<html>not found</html>", "/a", True),
    ],
)
def test_the_rules_are_read_as_the_standard_has_them(text: str, path: str, allowed: bool) -> None:
    assert _allows(text, path) is allowed


@pytest.mark.parametrize("agent", ["s", "syn", "synaps", "synapses", "-synapse"])
def test_a_group_for_a_name_that_is_not_ours_is_not_ours(agent: str) -> None:
    assert _allows(f"User-agent: {agent}\nDisallow: /", "/a")
    assert not _allows(f"User-agent: *\nDisallow: /\nUser-agent: {agent}\nAllow: /", "/a")


async def test_a_file_is_asked_for_once_a_day_and_origin() -> None:
    clock, host = Clock(), Host((200, b"User-agent: *\nDisallow: /no"))
    robots = Robots(host, clock=clock)
    await asyncio.gather(*(robots.check(PAGE) for _ in range(5)))
    with pytest.raises(Refused, match=r"robots\.txt does not allow it"):
        await robots.check(httpx.URL("http://EXAMPLE.com./no"))
    assert host.asked == ["http://example.com/robots.txt"]
    await robots.check(httpx.URL("https://example.com/x"))
    await robots.check(httpx.URL("http://example.com:8080/x"))
    assert host.asked[1:] == ["https://example.com/robots.txt", "http://example.com:8080/robots.txt"]
    clock.now += 86_401
    await robots.check(PAGE)
    assert len(host.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_where_there_is_no_file_everything_may_be_read(status: int) -> None:
    await Robots(Host((status, b""))).check(PAGE)


@pytest.mark.parametrize(
    "answer", [(500, b""), (503, b""), (429, b""), Transient("no connection"), Permanent("more than 5 redirects"), Refused()]
)
async def test_where_the_file_cannot_be_had_nothing_may_be_read_for_a_while(answer: tuple[int, bytes] | Exception) -> None:
    clock, host = Clock(), Host(answer, (200, b""))
    robots = Robots(host, clock=clock)
    for _ in range(2):
        with pytest.raises(Transient, match=r"robots\.txt could not be read") as refused:
            await robots.check(PAGE)
        assert refused.value.retry_after is not None
    assert len(host.asked) == 1
    clock.now += 61
    await robots.check(PAGE)


async def test_a_host_that_wants_to_be_left_alone_says_nothing_of_its_file() -> None:
    host = Host(Transient("later", retry_after=5.0), (200, b""))
    robots = Robots(host)
    with pytest.raises(Transient, match="later"):
        await robots.check(PAGE)
    await robots.check(PAGE)
    assert len(host.asked) == 2


async def test_a_file_that_never_comes_is_one_that_cannot_be_had() -> None:
    async def silent(_: httpx.URL) -> tuple[int, bytes]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(Transient, match=r"within 0\.05 seconds"):
        await Robots(silent, seconds=0.05).check(PAGE)


async def test_a_delay_is_honoured_up_to_a_limit() -> None:
    for said, waited in ((b"2.5", 2.5), (b"86400", LONGEST_DELAY), (b"-1", 0.0), (b"nan", 0.0), (b"soon", 0.0)):
        assert await Robots(Host((200, b"User-agent: *\nCrawl-delay: " + said))).check(PAGE) == waited


async def test_files_are_remembered_within_bounds_of_number_and_size() -> None:
    big = b"User-agent: *\n" + b"Disallow: /x\n" * (MAX_BYTES // 13 - 2)
    robots = Robots(Host((200, big)))
    for number in range(5):
        await robots.check(httpx.URL(f"http://host{number}.example/"))
    assert len(robots._known) == 2
    small = Robots(Host((404, b"")))
    for number in range(1_200):
        await small.check(httpx.URL(f"http://host{number}.example/"))
    assert len(small._known) == 1_000
    assert small._asking == {}


HOSTILE: dict[str, Callable[[], str]] = {
    "agents times rules": lambda: "User-agent: x\n" * 5 + "".join(f"User-agent: a{n}\n" for n in range(12_000)) + "Disallow: /y\n" * 20_000,
    "one line of blanks": lambda: "User-agent: *" + " " * (MAX_BYTES - 20) + "x",
    "blanks before a colon": lambda: "a" + " " * (MAX_BYTES - 20) + ":",
    "stars": lambda: "User-agent: *\nDisallow: /" + "*a" * (MAX_BYTES // 2 - 20),
    "rules for everybody": lambda: "User-agent: *\n" + "Disallow: /*b*c$\n" * (MAX_BYTES // 17 - 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_little_time(name: str) -> None:
    text = HOSTILE[name]()
    assert len(text) <= MAX_BYTES
    started = time.process_time()
    _allows(text, "/" + "a" * 4_000)
    # Undefended it is minutes, or gigabytes.
    assert time.process_time() - started < 15


@given(
    st.text(alphabet=st.sampled_from("user-agent:dislow*/$%#? \r\n\t\u2028synapse") | st.characters(), max_size=300), st.binary(max_size=60)
)
def test_no_text_and_no_path_raises_anything_else(text: str, path: bytes) -> None:
    try:
        delay = parse(text).check(httpx.URL("http://example.com/").copy_with(raw_path=b"/" + path.hex("%").encode()))
        assert 0 <= delay <= LONGEST_DELAY
    except StepError:
        pass


@given(st.randoms().map(robots.make_plain))
@example(("User-agent: *\nDisallow: /a*b$\nAllow: /a", "/aab"))
def test_a_file_as_it_should_be_is_understood_as_a_plain_reading_of_the_standard_has_it(case: robots.Case) -> None:
    robots.check_plain(case)
