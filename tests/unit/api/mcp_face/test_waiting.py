from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from synapse.api.mcp_face.waiting import Tally, wait
from synapse.contracts.messages import Event, MessageType

NAMES = ("step.started", "step.succeeded", "step.skipped", "step.failed", "step.retrying", "step.progress")


def _event(name: str, step: str | None, following: list[str] | None = None) -> Event:
    kind = MessageType.STATUS_UPDATE
    return Event(run="r", seq=1, at=datetime.now(UTC), type=kind, name=name, step=step, data={"next": following or []})


class Told:
    """A feed of few events, which then goes on without any or ends."""

    def __init__(self, *events: Event, ends: bool = True) -> None:
        self.events, self.ends, self.left = events, ends, False

    async def follow(self, run: str, after: int = 0) -> AsyncGenerator[Event, None]:
        try:
            for event in self.events:
                yield event
            if not self.ends:
                await asyncio.Event().wait()
        finally:
            self.left = True


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from("abc"), st.lists(st.sampled_from("abcd")))))
def test_the_numbers_only_rise_and_no_more_is_done_than_is_known(told: list[tuple[str, str, list[str]]]) -> None:
    tally, before = Tally(), (0, 0)
    for name, step, following in told:
        more = tally.add(_event(name, step, following))
        now = (tally.done, tally.known)
        assert more is (now[0] > before[0])
        assert now[0] >= before[0]
        assert now[1] >= before[1]
        assert tally.done <= tally.known
        before = now


async def test_each_step_that_ends_is_told_once() -> None:
    said: list[tuple[float, float | None, str]] = []

    async def progress(*told: Any) -> None:
        said.append(told)

    events = [_event("run.created", None, ["plan"]), _event("step.succeeded", "plan", ["a", "b"]), _event("step.succeeded", "a")]
    feed: Any = Told(*events, events[-1])
    await wait(feed, "r", 60, progress)
    assert [(done, known) for done, known, _ in said] == [(1, 3), (2, 3)]
    assert "plan" in said[0][2]


async def test_the_wait_ends_with_its_time_and_leaves_the_feed() -> None:
    feed: Any = Told(_event("step.succeeded", "plan"), ends=False)

    async def progress(*_: Any) -> None:
        pass

    await wait(feed, "r", 0.001, progress)
    assert feed.left
