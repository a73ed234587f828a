"""In processes of their own: the SDK's provider belongs to a process, and cannot be taken back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from synapse.telemetry import tracing
from tests.collector import collecting

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

OFF = """
import sys
from synapse.engine.app import create_app
from synapse.engine import traced
from synapse.telemetry import tracing
create_app(set_as_current=False)
traced.start()
with tracing.span("a", about={"b": 1}), tracing.child("c"):
    tracing.failed("d")
    assert tracing.current() is None
tracing.flush()
loaded = [name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation"))]
assert not tracing.enabled() and not loaded, loaded
"""
ON = f"""
from synapse.telemetry import tracing
assert tracing.configure("tested") and tracing.configure("again")
with tracing.child("orphan"):
    assert tracing.current() is None
with tracing.span("outer", "{PARENT}", about={{"synapse.run": "r"}}):
    assert tracing.current().startswith("00-0af7651916cd43dd8448eb211c80319c-")
    with tracing.child("inner", kind="client"):
        tracing.failed("timeout")
"""
TWICE = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from celery import signals
from opentelemetry import trace
from synapse.engine import traced
traced.start()
barrier = Barrier(2)
class Request(dict):
    traceparent, hostname = PARENT, "h"
class Task:
    name, request = "synapse.a", Request()
task = Task()
def run(_):
    barrier.wait()
    signals.task_prerun.send(sender=task, task=task, task_id="one")
    mine = trace.get_current_span()
    barrier.wait()
    signals.task_postrun.send(sender=task, task=task, task_id="one")
    return mine.end_time is not None
with ThreadPoolExecutor(2) as pool:
    assert list(pool.map(run, range(2))) == [True, True]
""".replace("PARENT", repr(PARENT))

MEETING = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from synapse.api.app import create_app
from synapse.settings import ApiSettings
from synapse.telemetry import logs, tracing
from tests.unit.workbench import Workbench
logs.configure()
tracing.configure("tested")
bench = Workbench(Path(sys.argv[1]))
(bench.runtime.engine.workflows_dir / "fan.yaml").write_text(FAN)
app = create_app(bench.service, ApiSettings(api_token=None))
@app.get("/breaks")
def breaks():
    raise RuntimeError("no")
with TestClient(app, base_url="http://127.0.0.1:8800", raise_server_exceptions=False) as client:
    run = client.post("/v1/runs", json={"workflow": "fan", "input": {"texts": ["a", "b", "c"]}}).json()["id"]
    bench.work()
    assert client.get(f"/v1/runs/{run}").json()["state"] == "failed"
    assert client.post(f"/v1/runs/{run}/resume").status_code < 300
    bench.work()
    for path in ("/v1/runs/none", "/breaks"):
        print(path, client.get(path).json()["trace"])
tracing.flush()
bench.close()
""".replace(
    "FAN",
    repr(
        """
name: fan
input: {type: object, properties: {texts: {type: array}}}
do:
  chain:
    - {step: first, agent: echo, with: {text: "'x'"}}
    - {foreach: each, items: input.texts, as: text, do: {step: say, agent: echo, with: {text: text}}}
    - {step: last, agent: echo, with: {text: "'x'", fail: "`true`"}}
"""
    ),
)


def run(program: str, *arguments: str, **env: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNAPSE_", "OTEL_"))}
    kept |= {"PYTHONPATH": str(Path(__file__).parents[3]), **env}
    done = subprocess.run([sys.executable, "-c", program, *arguments], env=kept, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_process_that_does_not_trace_does_not_even_import_what_traces() -> None:
    run(OFF)


@pytest.mark.parametrize("how", ["SYNAPSE_OTEL_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_spans_go_to_the_endpoint_however_it_is_named_and_none_is_an_orphan(how: str) -> None:
    with collecting() as collector:
        run(ON, **{how: collector.url})
    spans = {each.name: each for each in collector.spans}
    assert set(spans) == {"outer", "inner"}
    assert {each.service for each in collector.spans} == {"tested"}
    assert {each.trace for each in collector.spans} == {PARENT.split("-")[1]}
    assert spans["outer"].parent == PARENT.split("-")[2]
    assert spans["inner"].parent == spans["outer"].id
    assert (spans["inner"].failed, spans["inner"].about) == (True, {"error.type": "timeout"})
    assert spans["outer"].about == {"synapse.run": "r"}


def test_no_part_of_the_runs_is_none_of_them_unless_who_asks_is_traced() -> None:
    with collecting() as collector:
        run(
            'from synapse.telemetry import tracing\ntracing.configure("t")\nwith tracing.span("unasked"): pass\n'
            f'with tracing.span("asked", "{PARENT}"): pass',
            SYNAPSE_OTEL_ENDPOINT=collector.url,
            SYNAPSE_OTEL_SAMPLE_RATIO="0",
        )
    assert [each.name for each in collector.spans] == ["asked"]


FAILING = f"""
from synapse.telemetry import tracing
tracing.configure("t")
for name in ("good", "bad"):
    with tracing.span(f"task {{name}}", "{PARENT[:-1]}0"):
        with tracing.child(f"step {{name}}"):
            if name == "bad":
                tracing.failed("timeout")
            assert not tracing.recorded() and tracing.current().endswith("-00")
tracing.flush()
"""


@pytest.mark.parametrize(("keep", "sent"), [("true", {"task bad", "step bad"}), ("false", set())])
def test_of_a_run_that_is_not_traced_the_parts_that_failed_are_sent_unless_that_is_not_wanted(keep: str, sent: set[str]) -> None:
    with collecting() as collector:
        settings = {"SYNAPSE_OTEL_SAMPLE_RATIO": "0.5", "SYNAPSE_OTEL_KEEP_FAILURES": keep}
        run(FAILING, SYNAPSE_OTEL_ENDPOINT=collector.url, **settings)
    assert {each.name for each in collector.spans} == sent
    assert {each.about.get("synapse.kept") for each in collector.spans} == ({"failure"} if sent else set())
    assert {each.trace for each in collector.spans} <= {PARENT.split("-")[1]}


@pytest.mark.parametrize(("flags", "kept"), [("01", True), ("03", True), ("00", False), ("02", False)])
def test_the_flags_of_a_trace_say_whether_it_is_kept(flags: str, kept: bool) -> None:
    assert tracing.sampled(PARENT[:-2] + flags) is kept
    assert not tracing.sampled(None)
    assert not tracing.sampled("nonsense")


def test_what_comes_after_a_fan_out_or_a_resumption_links_to_what_it_follows_from(tmp_path: Path) -> None:
    with collecting() as collector:
        said = dict(line.split() for line in run(MEETING, str(tmp_path), SYNAPSE_OTEL_ENDPOINT=collector.url).splitlines())
    steps = [each for each in collector.spans if each.name == "step echo"]
    of = lambda place: [each for each in steps if each.about["synapse.step"].partition("[")[0] == place]  # noqa: E731
    (first,), members, (failed, again) = of("first"), of("say"), of("last")
    assert [each.links for each in (first, *members)] == [frozenset()] * 4
    assert failed.links == {each.id for each in members}
    assert again.links == {failed.id, *failed.links}
    assert len({each.id for each in collector.spans}) == len(collector.spans)

    # The run stays one trace; the request that had it go on is another one, and each leads to the other.
    (resumed,) = [each for each in collector.spans if each.name == "run resumed"]
    (ledger,) = [each for each in collector.spans if each.name == "ledger.resume"]
    assert (resumed.trace, resumed.links) == (first.trace, {ledger.id})
    assert ledger.trace != resumed.trace
    assert ledger.links == {resumed.parent}

    # A problem, expected or not, names the trace of its request.
    roots = {each.name: each.trace for each in collector.spans if not each.parent}
    assert said == {"/v1/runs/none": roots["GET /v1/runs/{run}"], "/breaks": roots["GET /breaks"]}


def test_two_messages_about_one_step_on_two_threads_are_two_spans() -> None:
    with collecting() as collector:
        run(TWICE, SYNAPSE_OTEL_ENDPOINT=collector.url)
    assert [each.name for each in collector.spans] == ["run/synapse.a"] * 2


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x/v1/traces"}, True),
        ({"SYNAPSE_OTEL_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"SYNAPSE_OTEL_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_tracing_is_wanted_where_an_endpoint_is_named_and_nobody_forbids_it(
    variables: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("SYNAPSE_", "OTEL_"))]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert tracing.wanted() is wanted
