from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, AlwaysRecordSampler, ParentBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags

from synapse.telemetry.tail import KEPT, FailuresKept

TRACE = 0x0AF7651916CD43DD8448EB211C80319C


class House:
    """A tracer that samples nothing by itself, and what comes out of it."""

    def __init__(self, **limits: int) -> None:
        self.sent = InMemorySpanExporter()
        self.kept = FailuresKept(SimpleSpanProcessor(self.sent), **limits)
        provider = TracerProvider(sampler=AlwaysRecordSampler(ParentBased(ALWAYS_OFF)), shutdown_on_exit=False)
        provider.add_span_processor(self.kept)
        self.tracer = provider.get_tracer("test")

    def start(self, name: str, parent: trace.Span | None = None) -> Any:
        return self.tracer.start_span(name, context=trace.set_span_in_context(parent) if parent is not None else None)

    @contextmanager
    def span(self, name: str, parent: trace.Span | None = None, *, fails: bool = False) -> Iterator[Any]:
        made = self.start(name, parent)
        yield made
        if fails:
            made.set_status(StatusCode.ERROR, "timeout")
        made.end()

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.sent.get_finished_spans()]


def elsewhere(*, sampled: bool) -> NonRecordingSpan:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return NonRecordingSpan(SpanContext(TRACE, 0xB7AD6B7169203331, is_remote=True, trace_flags=flags))


def test_where_nothing_failed_nothing_is_sent_and_nothing_is_kept() -> None:
    house = House()
    with house.span("task", elsewhere(sampled=False)) as task, house.span("step", task):
        pass
    assert house.names == []
    assert not house.kept._parts


def test_where_something_failed_the_whole_part_is_sent_in_its_trace_and_says_why() -> None:
    house = House()
    with house.span("task", elsewhere(sampled=False)) as task:
        with house.span("claim", task):
            pass
        with house.span("step", task, fails=True) as step, house.span("call", step):
            pass
        assert house.names == []
    assert house.names == ["claim", "call", "step", "task"]
    spans = {each.name: each for each in house.sent.get_finished_spans()}
    assert {each.context.trace_id for each in spans.values() if each.context} == {TRACE}
    assert all(each.context is not None and each.context.trace_flags.sampled for each in spans.values())
    assert all((each.attributes or {})[KEPT] == "failure" for each in spans.values())
    assert spans["step"].parent is not None
    assert spans["task"].context is not None
    assert spans["step"].parent.span_id == spans["task"].context.span_id
    assert spans["step"].status.status_code is StatusCode.ERROR


def test_what_another_request_did_meanwhile_is_no_part_of_it() -> None:
    house = House()
    with house.span("good"), house.span("bad", fails=True):
        pass
    assert house.names == ["bad"]


def test_two_parts_of_one_trace_are_decided_each_by_itself() -> None:
    house = House()
    for name, fails in (("first", False), ("second", True)):
        with house.span(name, elsewhere(sampled=False), fails=fails):
            pass
    assert house.names == ["second"]


def test_a_span_that_outlives_the_one_it_lies_below_is_waited_for() -> None:
    house = House()
    request = house.start("request")
    stream = house.start("stream", request)
    request.end()
    assert house.names == []
    stream.set_status(StatusCode.ERROR)
    stream.end()
    assert house.names == ["request", "stream"]


def test_what_is_sampled_is_handed_on_at_once_and_unchanged() -> None:
    house = House()
    with house.span("task", elsewhere(sampled=True)) as task:
        with house.span("step", task):
            pass
        assert house.names == ["step"]
    assert all(KEPT not in (each.attributes or {}) for each in house.sent.get_finished_spans())


def test_of_a_part_with_very_many_spans_the_first_the_failures_and_the_outermost_are_kept() -> None:
    house = House(most_spans=2)
    with house.span("task") as task:
        for number in range(5):
            with house.span(f"call {number}", task, fails=number == 4):
                pass
    assert house.names == ["call 0", "call 1", "call 4", "task"]


def test_spans_that_nobody_ends_are_forgotten() -> None:
    house = House(most_open=2)
    forgotten = [house.start(f"lost {number}") for number in range(3)]
    assert len(house.kept._parts) == 2
    forgotten[0].set_status(StatusCode.ERROR)
    forgotten[0].end()
    assert house.names == []


@pytest.mark.parametrize("call", ["shutdown", "force_flush"])
def test_the_one_that_sends_is_told_of_the_end(call: str) -> None:
    told: list[str] = []

    class Next(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            raise AssertionError

        def shutdown(self) -> None:
            told.append("shutdown")

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            told.append("force_flush")
            return True

    getattr(FailuresKept(Next()), call)()
    assert told == [call]
