"""Of what is not sampled, the parts in which something failed: decided when they end, for who decides at the start knows of no failure.

A part is what one process did below one span that came from elsewhere, or from nowhere: a request, a task with its step, a tool call.
Other processes decide about theirs, so a trace that is kept like this has the failures and what was around them, not the whole run.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags

KEPT: Final = "synapse.kept"
"""The attribute of such spans: whoever counts by traces must not take them for a fair part of all."""
_MOST_OPEN: Final = 20_000
_MOST_SPANS: Final = 500


@dataclass
class _Part:
    open: int = 0
    failed: bool = False
    spans: list[ReadableSpan] = field(default_factory=list)


class FailuresKept(SpanProcessor):
    """Hands spans that are sampled on at once, and those of another part when all of it has ended, if any of them has an error."""

    def __init__(self, following: SpanProcessor, *, most_open: int = _MOST_OPEN, most_spans: int = _MOST_SPANS) -> None:
        self._next = following
        self._most_open, self._most_spans = most_open, most_spans
        self._parts: OrderedDict[tuple[int, int], _Part] = OrderedDict()
        self._lock = threading.Lock()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Count it to the part of its parent."""
        self._next.on_start(span, parent_context)
        context, parent = span.get_span_context(), span.parent
        if context is None or context.trace_flags.sampled:
            return
        with self._lock:
            part = self._parts.get(_key(parent)) if parent is not None and not parent.is_remote else None
            part = part if part is not None else _Part()
            part.open += 1
            self._parts[_key(context)] = part
            if len(self._parts) > self._most_open:
                # Spans that nobody ends must not fill the memory.
                self._parts.popitem(last=False)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand it on, or keep it until its part has ended."""
        context = span.get_span_context()
        if context is None or context.trace_flags.sampled:
            self._next.on_end(span)
            return
        with self._lock:
            part = self._parts.pop(_key(context), None)
            if part is None:
                return
            part.open -= 1
            failed = span.status.status_code is StatusCode.ERROR
            part.failed |= failed
            if failed or part.open == 0 or len(part.spans) < self._most_spans:
                part.spans.append(span)
            done = part.spans if part.open == 0 and part.failed else []
        for each in done:
            self._next.on_end(_sampled(each))

    def shutdown(self) -> None:
        """Shut the next one down."""
        self._next.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the next one send what it has; parts under way are not decided."""
        return self._next.force_flush(timeout_millis)


def _key(context: SpanContext) -> tuple[int, int]:
    return context.trace_id, context.span_id


def _sampled(span: ReadableSpan) -> ReadableSpan:
    """The same, as what sends spans takes it: those alone whose flag says that they were sampled."""
    was = span.get_span_context()
    assert was is not None  # noqa: S101 - such are not collected
    flags = TraceFlags(was.trace_flags | TraceFlags.SAMPLED)
    return ReadableSpan(
        name=span.name,
        context=SpanContext(was.trace_id, was.span_id, was.is_remote, flags, was.trace_state),
        parent=span.parent,
        resource=span.resource,
        attributes={**(span.attributes or {}), KEPT: "failure"},
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
