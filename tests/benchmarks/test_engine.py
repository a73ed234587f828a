from __future__ import annotations

import json
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from benchmarks.engine.__main__ import reference_of
from benchmarks.engine.measure import Figures
from benchmarks.engine.workers import Workers
from synapse.telemetry.exposition import Exposition
from tests.services.ports import free_port
from tests.waiting import until

PLAIN = Figures(p50_ms=20, p95_ms=40, runs_per_second=50, cpu_ms_per_run=10, pss_mb=100)


def test_systems_are_compared_with_stock_celery_where_it_is_measured_and_else_with_the_first() -> None:
    assert reference_of(["dbos", "stock_celery", "synapse"], None) == "stock_celery"
    assert reference_of(["synapse", "synapse_observed"], None) == "synapse"
    assert reference_of(["stock_celery", "synapse"], "synapse") == "synapse"
    assert reference_of(["synapse"], None) is None
    with pytest.raises(SystemExit):
        reference_of(["synapse"], "dbos")


def test_a_ratio_is_of_each_figure_and_nothing_where_there_is_nothing_to_divide_by() -> None:
    observed = replace(PLAIN, p50_ms=30, runs_per_second=40, watching_ms_per_run=2)
    assert observed.over(PLAIN) == Figures(1.5, 1.0, 0.8, 1.0, 1.0, 0.0)


def test_who_watches_counts_what_it_scrapes_and_the_spans_that_it_is_sent(tmp_path: Path) -> None:
    worker = Exposition("127.0.0.1", 0, alive=lambda: True, ready=lambda: True)
    worker.start()
    watcher, port = Workers(tmp_path, "watcher"), free_port()
    targets = [f"http://127.0.0.1:{worker.port}/metrics", "http://127.0.0.1:1/not-there"]
    watcher.start([["-m", "benchmarks.engine.watcher", "--port", str(port), *targets]], {}, ready="watches")
    try:
        spans = [ScopeSpans(spans=[Span(name="a"), Span(name="b")]), ScopeSpans(spans=[Span(name="c")])]
        body = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=spans)]).SerializeToString()
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/v1/traces", data=body), timeout=10) as answer:
            assert answer.status == 200

        def seen() -> dict[str, int]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/seen", timeout=10) as answer:
                return dict(json.load(answer))

        until(lambda: seen().get("scrapes") == 1, "the worker is scraped, and what is not there does no harm")
        assert (seen()["exports"], seen()["spans"]) == (1, 3)
        assert seen()["scraped_bytes"] > 1000
    finally:
        watcher.stop()
        worker.close()
