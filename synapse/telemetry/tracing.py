"""Traces: one for each run, from the request that started it over every step to what its tools fetched.

Off unless an endpoint is named, by ``SYNAPSE_OTEL_ENDPOINT`` or OpenTelemetry's own variables; then nothing of OpenTelemetry's
SDK is imported, and a span is one look at a variable. What is sent to hosts of others names no trace.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any, Final, Literal

from synapse import __version__
from synapse.settings import TraceSettings

Kind = Literal["internal", "client"]

_TRACEPARENT_PARTS: Final = 4
_ODD: Final = frozenset("13579bdf")
"""Last digits of flags that have the lowest bit, which says that a trace is sampled."""
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_NOTHING: Final[AbstractContextManager[Any]] = nullcontext()
_tracer: Any = None
_chosen: ContextVar[int | None] = ContextVar("synapse_span_id", default=None)


def wanted(settings: TraceSettings | None = None) -> bool:
    """Whether there is somewhere to send traces to, and nobody forbids it."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return bool((settings or TraceSettings()).otel_endpoint or any(os.environ.get(name) for name in _ENDPOINTS))


def configure(service: str) -> bool:
    """Start tracing in this process, if it is wanted and has not been started; whether it is on.

    ``service`` is what the process is called, unless ``OTEL_SERVICE_NAME`` says otherwise.
    """
    global _tracer  # one for the process, as the SDK's own provider is
    settings = TraceSettings()
    if _tracer is None and wanted(settings):
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
        from opentelemetry.sdk.trace.sampling import AlwaysRecordSampler, ParentBased, Sampler, TraceIdRatioBased

        from synapse.telemetry.tail import FailuresKept

        class Ids(RandomIdGenerator):
            def generate_span_id(self) -> int:
                return _chosen.get() or super().generate_span_id()

        name = os.environ.get("OTEL_SERVICE_NAME") or service
        ratio = settings.otel_sample_ratio
        sampler: Sampler | None = ParentBased(TraceIdRatioBased(ratio)) if ratio is not None else None
        keeps = sampler is not None and ratio != 1 and settings.otel_keep_failures
        provider = TracerProvider(
            resource=Resource.create({"service.name": name, "service.namespace": "synapse", "service.version": __version__}),
            sampler=AlwaysRecordSampler(sampler) if sampler is not None and keeps else sampler,
            id_generator=Ids(),
        )
        endpoint = f"{settings.otel_endpoint.rstrip('/')}/v1/traces" if settings.otel_endpoint else None
        sending = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))
        provider.add_span_processor(FailuresKept(sending) if keeps else sending)
        trace.set_tracer_provider(provider)
        _tracer = provider.get_tracer("synapse", __version__)
    return _tracer is not None


def enabled() -> bool:
    """Whether this process traces."""
    return _tracer is not None


def span(
    name: str,
    parent: str | None = None,
    *,
    kind: Kind = "internal",
    about: Mapping[str, str | int] | None = None,
    ident: int | None = None,
    links: Sequence[str] = (),
) -> AbstractContextManager[Any]:
    """A span around a block, below the one that is current, else below ``parent``, a W3C traceparent.

    ``ident`` is the span's id, by default a random one; ``links`` are traceparents of spans that it follows from without being below them.
    """
    if _tracer is None:
        return _NOTHING
    from opentelemetry import propagate, trace

    context = None
    if parent is not None and not trace.get_current_span().get_span_context().is_valid:
        context = propagate.extract({"traceparent": parent})
    chosen = _chosen.set(ident)
    try:
        # Started here, where the id is chosen, and not when the block is entered.
        started = _tracer.start_span(
            name,
            context=context,
            kind=trace.SpanKind[kind.upper()],
            attributes=dict(about or {}),
            links=[trace.Link(_context_of(each)) for each in links],
        )
    finally:
        _chosen.reset(chosen)
    made: AbstractContextManager[Any] = trace.use_span(started, end_on_exit=True)
    return made


def span_id_of(*words: str | int) -> int:
    """The span's id that these words stand for: who knows them can link to the span without having been told its id."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, words)).encode()).digest()[:8]) or 1


def beside(parent: str, ident: int) -> str:
    """The traceparent of another span in the trace of ``parent``, by its id."""
    version, trace, _, flags = parent.split("-")[:_TRACEPARENT_PARTS]
    return f"{version}-{trace}-{ident:016x}-{flags}"


def recorded() -> bool:
    """Whether the span that is current is sure to be sent: what only describes it need not be found out otherwise."""
    if _tracer is None:
        return False
    from opentelemetry import trace

    return bool(trace.get_current_span().get_span_context().trace_flags.sampled)


def follow(links: Sequence[str]) -> None:
    """Link the span that is current to these: it follows from them without being below them."""
    if _tracer is None:
        return
    from opentelemetry import trace

    here = trace.get_current_span()
    for each in links:
        here.add_link(_context_of(each))


def meet(name: str, other: str | None, about: Mapping[str, str | int]) -> None:
    """Note in the trace of ``other``, a traceparent, what the current span did to it: a span there, and a link each way."""
    here = current()
    if _tracer is None or here is None or other is None or trace_of(here) == trace_of(other):
        return
    from opentelemetry import propagate

    there = _tracer.start_span(name, context=propagate.extract({"traceparent": other}), attributes=dict(about))
    there.add_link(_context_of(here))
    there.end()
    follow([other])


def _context_of(traceparent: str) -> Any:
    from opentelemetry import trace

    _, trace_id, span_id, flags = traceparent.split("-")[:_TRACEPARENT_PARTS]
    return trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(int(flags, 16)))


def child(name: str, *, kind: Kind = "internal", about: Mapping[str, str | int] | None = None) -> AbstractContextManager[Any]:
    """As `span`, and nothing where no span is current: what nobody asked for would be a trace of its own."""
    return span(name, kind=kind, about=about) if current() is not None else _NOTHING


def current() -> str | None:
    """The W3C traceparent of the span that is current."""
    if _tracer is None:
        return None
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}" if context.is_valid else None


def trace_of(traceparent: str | None) -> str | None:
    """The trace's id in a W3C traceparent, whether or not this process traces; None where there is none."""
    parts = traceparent.split("-") if traceparent else []
    return parts[1] if len(parts) == _TRACEPARENT_PARTS else None


def sampled(traceparent: str | None) -> bool:
    """Whether the trace of a W3C traceparent is kept as a whole, as its flags say."""
    parts = traceparent.split("-") if traceparent else []
    return len(parts) == _TRACEPARENT_PARTS and parts[3][-1:] in _ODD


def failed(code: str) -> None:
    """Mark the current span as failed: its block ends well all the same, for a failure is recorded, not raised.

    Only the code is told: an error's words may repeat what stands in a page.
    """
    if _tracer is None:
        return
    from opentelemetry import trace

    here = trace.get_current_span()
    here.set_attribute("error.type", code)
    here.set_status(trace.StatusCode.ERROR, code)


def flush() -> None:
    """Send what has not been sent, before the process ends."""
    if _tracer is None:
        return
    from opentelemetry import trace

    provider: Any = trace.get_tracer_provider()
    provider.force_flush(5000)
