"""The documentation as a site: built without a warning, with every page as the repository shows it and nothing from elsewhere."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.absent import absent
from tests.docs.pages import ROOT
from tests.services.chromium import chromium
from tests.services.process import ServiceMissing
from tests.waiting import PATIENCE

DOCS = ROOT / "docs"
pytestmark = pytest.mark.timeout(300)  # the first one has the whole site built
MARKDOWN = sorted(DOCS.rglob("*.md"))
HOOKS = ROOT / "scripts/site"
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "object": "data", "embed": "src"}
"""What a browser fetches by itself for an element, beside the links of some kinds."""
COUNTED = ("h1", "h2", "h3", "li", "ul", "ol", "table", "tr", "pre", "img", "strong")

expanded: Callable[[list[Any], set[str]], list[Any]] = runpy.run_path(str(HOOKS / "navigation.py"))["expanded"]


def build(config: Path, target: Path) -> subprocess.CompletedProcess[str]:
    if find_spec("mkdocs") is None or find_spec("material") is None:
        absent("mkdocs-material is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, built as `make docs-site` does."""
    target = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", target)
    assert done.returncode == 0, done.stderr
    return target


def file_of(site: Path, page: Path) -> Path:
    """Where the site has a page."""
    at = page.relative_to(DOCS)
    return site / (at.with_name("index.html") if at.name in ("README.md", "index.md") else at.with_suffix("") / "index.html")


def built(site: Path, page: Path) -> str:
    """The text of a page on the site, without what is around it."""
    html = file_of(site, page).read_text("utf-8")
    return html[html.index("<article") : html.index("</article>")]


class Elements(HTMLParser):
    """How often each element occurs, and what the page has a browser load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.loaded: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.counts[tag] += 1
        found = {name: value or "" for name, value in attributes}
        if tag == "link" and not {"canonical", "next", "prev"} & set(found.get("rel", "").split()):
            self.loaded.append(found.get("href", ""))
        self.loaded += [found[LOADED[tag]]] if LOADED.get(tag) in found else []


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_has_on_the_site_what_it_has_in_the_repository(site: Path, page: Path) -> None:
    shown = Elements(MarkdownIt("commonmark").enable("table").render(page.read_text("utf-8"))).counts
    found = Elements(built(site, page)).counts
    assert {each: found[each] for each in COUNTED} == {each: shown[each] for each in COUNTED}


def test_every_page_is_called_by_its_heading(site: Path) -> None:
    for page in MARKDOWN:
        if page.name in ("README.md", "index.md"):  # called as the navigation says
            continue
        heading = re.findall(r"^# (.+)$", page.read_text("utf-8"), re.MULTILINE)[0].replace("`", "")
        (title,) = re.findall(r"<title>(.*?)</title>", file_of(site, page).read_text("utf-8"))
        assert unescape(title) == f"{heading} - Synapse", page


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        remote = [each for each in Elements(page.read_text("utf-8")).loaded if re.match(r"(\w+:)?//", each)]
        assert remote == [], page
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^)]*", sheet.read_text("utf-8")) == [], sheet


FAULTS = {
    "a page that is not there": ("[x](more/gone.md)", "more/gone.md"),
    "a heading that is not there": ("[x](more/there.md#gone)", "more/there.md#gone"),
    "a heading of its own that is not there": ("[x](#gone)", "#gone"),
    "an address from the root": ("[x](/more/there/)", "/more/there/"),
    "a picture that is not there": ("![x](gone.svg)", "gone.svg"),
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A site of two pages under the settings of the real one."""
    (tmp_path / "docs/more").mkdir(parents=True)
    (tmp_path / "docs/index.md").write_text("# Front\n\n[There](more/there.md#a-place)\n")
    (tmp_path / "docs/more/there.md").write_text("# There\n\n## A place\n")
    config = tmp_path / "mkdocs.yml"
    config.write_text(f"INHERIT: {ROOT}/mkdocs.yml\nhooks: [{HOOKS}/navigation.py]\nextra_css: []\nnav: [index.md, 'more/*']\n")
    return config


def test_every_dead_link_is_told_and_fails_the_build(small: Path, tmp_path: Path) -> None:
    page = small.parent / "docs/index.md"
    page.write_text(page.read_text() + "".join(f"\n{text}\n" for text, _ in FAULTS.values()))
    done = build(small, tmp_path / "site")
    assert done.returncode != 0
    assert [fault for fault, (_, named) in FAULTS.items() if f"'{named}'" not in done.stderr] == [], done.stderr


def test_a_page_that_is_added_is_in_the_navigation_and_one_in_no_folder_of_it_fails_the_build(small: Path, tmp_path: Path) -> None:
    (small.parent / "docs/more/added.md").write_text("# Added\n")
    done = build(small, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert 'href="more/added/"' in (tmp_path / "site/index.html").read_text()
    (small.parent / "docs/stray").mkdir()
    (small.parent / "docs/stray/page.md").write_text("# Stray\n")
    done = build(small, tmp_path / "site")
    assert done.returncode != 0
    assert "stray/page.md" in done.stderr


def test_a_star_is_what_has_no_place_of_its_own() -> None:
    entries = [{"A": ["a/second.md", "a/*"]}, {"B": [{"C": ["b/*"]}, "a/third.md"]}]
    pages = {"a/first.md", "a/second.md", "a/third.md", "b/one.md", "b/deeper/two.md"}
    assert expanded(entries, pages) == [{"A": ["a/second.md", "a/first.md"]}, {"B": [{"C": ["b/one.md"]}, "a/third.md"]}]


@pytest.mark.parametrize(
    ("source_url", "link", "expected"),
    [
        ("", "[the Dockerfile](../../deploy/docker/Dockerfile)", "the Dockerfile (`deploy/docker/Dockerfile`)"),
        ("", "[README](../../README.md#measured)", "`README.md`"),
        ("https://git.example.org/x/", "[it](../../deploy/a.yml)", "[it](https://git.example.org/x/deploy/a.yml)"),
        ("", "[changes](../../CHANGELOG.md)", "[changes](../changelog.md)"),
        ("", "[there](../reference/cli.md#x)", "[there](../reference/cli.md#x)"),
        ("", "[elsewhere](https://example.org/a)", "[elsewhere](https://example.org/a)"),
        ("", "```\n[code](../../deploy/a.yml)\n```", "```\n[code](../../deploy/a.yml)\n```"),
    ],
)
def test_a_link_to_a_file_that_is_no_page_is_its_name_or_leads_to_the_repository(source_url: str, link: str, expected: str) -> None:
    if find_spec("mkdocs") is None:
        absent("mkdocs-material is not installed")
    rewritten = runpy.run_path(str(HOOKS / "links.py"))["rewritten"]
    assert rewritten(link, "docs/howto/page.md", "howto/page.md", source_url) == expected


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_in_a_browser_it_is_found_by_words_and_nothing_else_is_asked(address: str) -> None:
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(address)
            page.get_by_placeholder("Search").fill("reconciler sweep")
            page.locator(".md-search-result__item").first.wait_for()
            found = page.locator(".md-search-result__item a").evaluate_all("all => all.map(each => each.pathname)")
            page.goto(address + "explanation/overview/")
            drawn = page.locator("article img").evaluate_all("all => all.map(each => each.complete && each.naturalWidth > 0)")
    except ServiceMissing as missing:
        absent(missing)
    assert any("explanation/durability" in each for each in found), found
    assert drawn
    assert all(drawn)
    assert errors == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
