"""The list's 'Fetching', lines 1 to 8."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.mcp_safety.memory import growing
from benchmarks.mcp_safety.subjects import Fetching, Said, Session
from benchmarks.mcp_safety.verdict import Outcome, Verdict, worst
from benchmarks.mcp_safety.world import PUBLIC, SECRET, World

SWELLED: Final = 64.0
"""MB of growth from which on a server has swelled."""
_PROXY: Final = "http://93.184.216.35:3128"


@dataclass(frozen=True)
class Case:
    """One line of the page: what is tried, what a safe server does, and the trying."""

    line: int
    tried: str
    safe: str
    attempt: Callable[[Fetching, Session, World], Awaitable[Verdict]]
    environment: dict[str, str] = field(default_factory=dict)


def judged(said: Said, world: World) -> Verdict:
    """What a fetch came to: nothing inside may be read, and nothing that is not public may be dialled."""
    private = [address for address, _ in world.dialled() if address not in PUBLIC]
    odd = [port for _, port in world.dialled() if port not in (80, 443)]
    if SECRET in said.text:
        return Verdict(Outcome.LEAKED, "what is inside was returned")
    if private:
        return Verdict(Outcome.LEAKED, f"{private[0]} was dialled")
    if odd:
        return Verdict(Outcome.ACCEPTED, f"port {odd[0]} was dialled")
    return Verdict({"answer": Outcome.ANSWERED, "error": Outcome.REFUSED, "hung": Outcome.HUNG, "crashed": Outcome.CRASHED}[said.kind])


def refusing(line: int, tried: str, urls: Sequence[str], safe: str = "refuse, and dial nothing", **environment: str) -> Case:
    """URLs of which nothing may be answered by anything inside."""

    async def attempt(server: Fetching, session: Session, world: World) -> Verdict:
        verdicts = []
        for url in urls:
            world.forget()
            verdicts.append((url, judged(await server.fetch(session, url), world)))
        return worst(verdicts)

    return Case(line, tried, safe, attempt, environment)


def named(line: int, tried: str, safe: str, answers: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> Case:
    """Names that resolve in a certain way."""

    async def attempt(server: Fetching, session: Session, world: World) -> Verdict:
        verdicts = []
        for number, (said, turns) in enumerate(answers):
            world.forget()
            host = f"name-{line}-{number}.test"
            world.sites[host] = world.sites["page.test"]
            world.name(host, *(list(turn) for turn in turns))
            verdicts.append((said, judged(await server.fetch(session, f"http://{host}/"), world)))
        return worst(verdicts)

    return Case(line, tried, safe, attempt)


def bounded(line: int, tried: str, host: str) -> Case:
    """A page that may be refused or answered, but not at the price of memory."""

    async def attempt(server: Fetching, session: Session, world: World) -> Verdict:
        await server.fetch(session, "http://page.test/")
        async with growing(session.pid) as growth:
            verdict = judged(await server.fetch(session, f"http://{host}/", 60.0), world)
        grown = f"{growth.megabytes:.0f} MB more"
        if verdict.outcome in (Outcome.ANSWERED, Outcome.REFUSED) and growth.megabytes > SWELLED:
            return Verdict(Outcome.SWELLED, grown)
        return Verdict(verdict.outcome, verdict.note or grown)

    return Case(line, tried, f"end it with less than {SWELLED:.0f} MB more memory", attempt)


def ended(line: int, tried: str, safe: str, host: str, seconds: float = 40.0) -> Case:
    """A page that must come to an end in a bounded time, however."""

    async def attempt(server: Fetching, session: Session, world: World) -> Verdict:
        return judged(await server.fetch(session, f"http://{host}/", seconds), world)

    return Case(line, tried, safe, attempt)


def unread(line: int, tried: str, host: str, path: str = "/") -> Case:
    """A page whose site does not let it be read: it may not even be asked for."""

    async def attempt(server: Fetching, session: Session, world: World) -> Verdict:
        said = await server.fetch(session, f"http://{host}{path}")
        verdict = judged(said, world)
        forbidden = "robots-no.test" if host == "to-robots-no.test" else host
        if any(request.host == forbidden and request.path != "/robots.txt" for request in world.requests):
            return Verdict(Outcome.ACCEPTED, "the page was fetched")
        return verdict

    return Case(line, tried, "not fetch the page", attempt)


async def _pdf_as_text(server: Fetching, session: Session, world: World) -> Verdict:
    said = await server.fetch(session, "http://pdf-as-text.test/")
    if said.kind == "answer" and "%PDF" in said.text:
        return Verdict(Outcome.LEAKED, "the bytes were returned as text")
    return judged(said, world)


async def _entities(server: Fetching, session: Session, world: World) -> Verdict:
    said = await server.fetch(session, "http://entities.test/")
    if said.text.count("laughing") > 10_000:
        return Verdict(Outcome.SWELLED, f"{len(said.text)} characters")
    return judged(said, world)


async def _credentials(server: Fetching, session: Session, world: World) -> Verdict:
    verdict = judged(await server.fetch(session, "http://user:pass@to-page.test/"), world)
    if any(request.host == "page.test" and "authorization" in request.headers for request in world.requests):
        return Verdict(Outcome.LEAKED, "the other site got the credentials")
    return verdict


async def _split(server: Fetching, session: Session, world: World) -> Verdict:
    verdicts = []
    for url in ("http://page.test/\r\nX-Planted: yes", "http://page.test\r\nX-Planted: yes", "http://page.test/?\n"):
        world.forget()
        verdict = judged(await server.fetch(session, url), world)
        if any("x-planted" in request.headers for request in world.requests):
            verdict = Verdict(Outcome.LEAKED, "a header was planted")
        verdicts.append((repr(url)[1:-1], verdict))
    return worst(verdicts)


_LOOPBACK: Final = (["127.0.0.1"],)
_METADATA: Final = ("169.254.169.254", "168.63.129.16", "192.0.0.192", "100.100.100.200", "[fd00:ec2::254]")
_SPELLINGS: Final = ("2130706433", "127.1", "0x7f.1", "0177.0.0.1", "0.0.0.0", "[::]", "[::1]", "localhost.", "127.0.0.1")
_EMBEDDED: Final = (
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1:7f00:0:100::]",
    "[2002:7f00:1::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2600:1f18::5efe:7f00:1]",
    "[2600:1f18::200:5efe:a00:1]",
    "[fec0::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
)
_TURNS: Final = tuple((f"public {n} times, then loopback", [*([PUBLIC[:1]] * n), *_LOOPBACK]) for n in range(1, 7))
_FAILING: Final = tuple((f"failing {n} times, then loopback", [*([[]] * n), *_LOOPBACK]) for n in range(1, 4))
_MIXED: Final = (("public and loopback", [[PUBLIC[0], "127.0.0.1"]]), ("public and metadata", [["169.254.169.254", PUBLIC[0]]]))

CASES: Final = (
    refusing(1, "the addresses of five clouds' metadata", [f"http://{each}/latest/meta-data/" for each in _METADATA]),
    named(1, "names that resolve to them", "refuse, and dial nothing", [(each, [[each.strip("[]")]]) for each in _METADATA]),
    refusing(2, "loopback, spelt in nine ways", [f"http://{each}/" for each in _SPELLINGS]),
    refusing(3, "IPv4 inside IPv6, site-local and documentation addresses", [f"http://{each}/" for each in _EMBEDDED]),
    named(4, "a name that becomes loopback between two look-ups", "dial the address that was checked", _TURNS),
    named(4, "a name whose first look-ups fail", "refuse, or dial the address that was checked", _FAILING),
    named(4, "a name with a public and a private address", "refuse, and dial nothing", _MIXED),
    refusing(5, "redirects inside, and to a file", [f"http://to-{each}.test/" for each in ("loopback", "metadata", "file")]),
    refusing(5, "a robots.txt that redirects inside", ["http://robots-to-loopback.test/"]),
    refusing(5, "a PDF that redirects inside", ["http://pdf-to-loopback.test/paper.pdf"]),
    ended(5, "a redirect to itself", "end", "looping.test"),
    Case(5, "a user name, and a redirect to another site", "keep them from the other site", _credentials),
    refusing(
        6, "`file:`, `gopher:`, `data:`, `ftp:`", ["file:///etc/passwd", "gopher://127.0.0.1/", "data:text/html,x", "ftp://127.0.0.1/x"]
    ),
    refusing(6, "a user name and a backslash before the host", ["http://page.test@127.0.0.1/", "http://127.0.0.1\\@page.test/"]),
    Case(6, "CR and LF in a URL", "plant no header", _split),
    refusing(6, "ports of other services", [f"http://page.test:{port}/" for port in (22, 25, 6379, 11211)]),
    refusing(6, "digits and dots of other scripts", ["http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/"]),
    refusing(
        6,
        "a proxy in the environment",
        ["http://page.test/"],
        "dial the page's own site",
        HTTP_PROXY=_PROXY,
        http_proxy=_PROXY,
        ALL_PROXY=_PROXY,
    ),
    bounded(7, "100 MB of text in gzip", "gzip.test"),
    bounded(7, "100 MB of text in deflate", "deflate.test"),
    bounded(7, "100 MB of text in gzip in gzip", "nested.test"),
    bounded(7, "chunks without an end", "endless.test"),
    ended(7, "a Content-Length of 100 TB", "end within 40 s", "lying.test"),
    ended(7, "a byte a second", "end within 40 s", "dripping.test"),
    Case(8, "a PDF labelled as text", "not return its bytes as text", _pdf_as_text),
    bounded(8, "a PDF whose references go in circles", "pdf.test"),
    Case(8, "XML entities that multiply", "not expand them", _entities),
    bounded(8, "HTML 100,000 levels deep", "deep.test"),
    bounded(8, "a robots.txt of 10 MB", "large-robots.test"),
    unread(8, "robots.txt answers 503", "robots-503.test"),
    unread(8, "robots.txt answers 429", "robots-429.test"),
    unread(8, "a redirect to a site whose robots.txt forbids it", "to-robots-no.test"),
)
