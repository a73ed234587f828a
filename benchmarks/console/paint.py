"""From opening ``/`` to what is painted, as the browser itself measures it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

_WATCH: Final = """
new MutationObserver((_, observer) => {
  if (!document.getElementById("question")) return;
  window.__usable = performance.now();
  observer.disconnect();
}).observe(document, { subtree: true, childList: true });
const largest = new PerformanceObserver((list) => { window.__largest = list.getEntries().at(-1).startTime; });
largest.observe({ type: "largest-contentful-paint", buffered: true });
"""
_READ: Final = """
async () => {
  // The observer is told of a paint in a task of its own, after the frame.
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));
  const named = Object.fromEntries(performance.getEntriesByType("paint").map((each) => [each.name, each.startTime]));
  return { first: named["first-paint"], contentful: named["first-contentful-paint"], largest: window.__largest, usable: window.__usable };
}
"""


@dataclass(frozen=True)
class Paint:
    """Milliseconds since the navigation began; ``usable`` is when a question can be typed."""

    first: float
    contentful: float
    largest: float
    usable: float


NAMES: Final = tuple(field.name for field in fields(Paint))


@contextmanager
def signed_in(browser: Browser, token: str) -> Iterator[BrowserContext]:
    """A window of its own, with nothing in its cache, whose tabs have the token."""
    context = browser.new_context()
    try:
        context.add_init_script(f"sessionStorage.setItem('synapse-token', {json.dumps(token)});")
        yield context
    finally:
        context.close()


def cold(browser: Browser, url: str, token: str) -> Paint:
    """One visit of somebody who has none of the files."""
    with signed_in(browser, token) as context:
        return _visit(context, url)


def again(context: BrowserContext, url: str) -> Paint:
    """One more visit in a browser that has the files; it asks whether they are still the same."""
    return _visit(context, url)


def _visit(context: BrowserContext, url: str) -> Paint:
    page = context.new_page()
    try:
        page.add_init_script(_WATCH)
        page.goto(url)
        return _read(page)
    finally:
        page.close()


def _read(page: Page) -> Paint:
    page.wait_for_selector("#question")
    found: dict[str, Any] = page.evaluate(_READ)
    return Paint(**{name: float(found[name]) for name in NAMES})
