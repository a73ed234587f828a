"""From an event to the pixels that show it: by the clock of one machine, at the frame after the one that the page drew it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from playwright.sync_api import Page

from synapse.cli.client import Api
from synapse.contracts.messages import Event
from synapse.contracts.run import RunRequest

# The page writes the number of the latest event that its picture has; a change of it is seen in the frame that draws it, and the
# next frame's callback runs when that one has been handed over.
_WATCH: Final = """
window.__seen = {};
let shown = 0, run = "";
new MutationObserver(() => {
  const told = document.querySelector("[data-seq]");
  if (!told || (told.dataset.run === run && Number(told.dataset.seq) === shown)) return;
  const first = told.dataset.run === run ? shown + 1 : 1;
  [run, shown] = [told.dataset.run, Number(told.dataset.seq)];
  const [of, to] = [run, shown];
  requestAnimationFrame(() => {
    const now = performance.timeOrigin + performance.now();
    window.__seen[of] ??= {};
    for (let seq = first; seq <= to; seq += 1) window.__seen[of][seq] = now;
  });
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-seq"] });
"""


def watch(page: Page) -> None:
    """Have the page note when it shows which event; before it is opened."""
    page.add_init_script(_WATCH)


def follow(page: Page, api: Api, request: RunRequest) -> list[float]:
    """Milliseconds from each event of a new run to its pixels; of those that came while the page was already watching."""
    run = api.submit(request).id
    page.evaluate("(run) => { location.hash = `#/runs/${run}`; }", run)
    events = list(api.stream(run))
    page.wait_for_function("([run, seq]) => window.__seen[run]?.[seq]", arg=[run, events[-1].seq])
    seen: dict[str, Any] = page.evaluate("(run) => window.__seen[run]", run)
    return delays(events, {int(seq): float(at) for seq, at in seen.items()})


def delays(events: Sequence[Event], seen: Mapping[int, float]) -> list[float]:
    """From each event to when it was seen, in milliseconds; without those older than the page's first sight of the run."""
    begun = min(seen.values())
    return [seen[event.seq] - _ms(event.at) for event in events if _ms(event.at) > begun]


def _ms(at: datetime) -> float:
    return at.timestamp() * 1000
