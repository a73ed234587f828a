"""Every workload of the chart as a process on real RabbitMQ and PostgreSQL: it starts, passes its probes, does a run, and goes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import kombu
import psycopg
import pytest
import yaml

from synapse.contracts.messages import Event
from synapse.contracts.run import RunDetail
from synapse.corpus.folder import index_folder
from tests.chaos.house import check
from tests.deploy.charted import Manifest, of_kind, parsed
from tests.deploy.helm import CHART, releases
from tests.deploy.machine import Machine, Pod
from tests.deploy.test_chart import QUEUES
from tests.services import Postgres, RabbitMQ, procfs
from tests.unit.model_server import Asked, ModelServer, Said, say
from tests.waiting import PATIENCE, came

# A dozen programs that start at once, twice, on a machine that others use as well.
pytestmark = pytest.mark.timeout(900)
SCENARIO = "production"
TOKEN = "a-token-of-some-length"
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
ONCE = {"migrations", "topology", "test"}
QUESTION = "How do ants find food?"
PAGE = "# Ants\n\nAnts find food by following scent trails that other ants have laid. An ant lays a trail on its way home.\n"
HELD = {"ProposedAnswer": "synthesis", "ProposedClaims": "fact-check", "ProposedPlan": "orchestrator"}
"""What the model is asked, and which worker waits for it: one of processes, and two of threads."""


class Thinking:
    """Of a language model: it thinks about some questions for as long as the test likes, then declines all, so that agents do without."""

    def __init__(self) -> None:
        self._held: dict[str, threading.Event] = {}

    def __call__(self, asked: Asked) -> Said:
        if (held := self._held.get(asked.shape)) is not None:
            held.wait(PATIENCE * 4)
        return say(None, refusal="Not today.")

    def hold(self, shape: str) -> None:
        """Think about questions of that shape from now on."""
        self._held[shape] = threading.Event()

    def go(self) -> None:
        """Decline at once again, what was thought about, too."""
        held, self._held = self._held, {}
        for each in held.values():
            each.set()


@pytest.fixture(scope="module")
def model(running_model_server: ModelServer) -> Iterator[Thinking]:
    running_model_server.always = thinking = Thinking()
    yield thinking
    thinking.go()


def values(model_url: str) -> dict[str, Any]:
    """The scenario's; what it has outside the release is here, or is done without."""
    found: dict[str, Any] = yaml.safe_load((CHART / "ci" / f"{SCENARIO}-values.yaml").read_text("utf-8"))
    found["agentDefaults"]["settings"] |= {"llm_base_url": model_url, "llm_timeout_seconds": PATIENCE * 4}
    found["mcpPrimary"]["settings"] = {"search_providers": "corpus"}
    return {**found, "tracing": {}, "tests": {"question": QUESTION}}


@pytest.fixture(scope="module")
def machine(
    model: Thinking, running_model_server: ModelServer, postgres: Postgres, rabbitmq: RabbitMQ, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    postgres.start()
    rabbitmq.start()
    database, broker = postgres.create_database(), rabbitmq.create_vhost()
    keys = {
        "synapse_database_url": database,
        "synapse_broker_url": broker,
        "synapse_mcp_token": TOKEN[::-1],
        "synapse_api_token": TOKEN,
        "synapse_llm_api_key": "a-key",
        "synapse_brave_key": "a-key",
        "flower_basic_auth": "flora:a-password",
    }
    (release,) = releases([{"name": "synapse", "values": values(running_model_server.url)}])
    with Machine(tmp_path_factory.mktemp("machine"), parsed(release["files"]), keys) as made:
        _index(made.claim("synapse-mcp-primary"))
        yield made
    postgres.drop_database(database)
    rabbitmq.drop_vhost(broker)


def _index(home: Path) -> None:
    """A corpus of one page, on the browsing server's volume."""
    (home / "insects").mkdir(parents=True)
    (home / "insects" / "ants.md").write_text(PAGE, "utf-8")
    index_folder(home / "insects", "insects", home / "corpora")


def staying(machine: Machine) -> dict[str, Manifest]:
    """What is there for as long as the release is."""
    return {name: owner for name, owner in machine.owners().items() if name not in ONCE}


def come(pods: list[Pod]) -> None:
    """Wait until each is ready."""
    for pod in pods:
        pod.process.wait_until(lambda pod=pod: pod.probe("readinessProbe"), pod.name)


@pytest.fixture(scope="module")
def release(machine: Machine) -> Machine:
    """Its hooks done, and a pod of everything that stays."""
    for job in ("migrations", "topology"):
        pod = machine.start(machine.owners()[job])
        assert pod.process.ended(PATIENCE) == 0, pod.process.tail()
    come([machine.start(owner) for owner in staying(machine).values()])
    return machine


def test_every_workload_starts_and_passes_each_of_its_probes(release: Machine) -> None:
    running = [pod for pod in release.pods if pod.process.running]
    assert {pod.component for pod in running} == set(staying(release))
    assert {f"worker-{queue.removeprefix('synapse-')}" for queue in QUEUES} < set(staying(release))
    assert [(pod.name, kind) for pod in running for kind in PROBES if not pod.probe(kind)] == []


def test_queues_are_there_before_workers_are_and_the_hooks_may_come_again(release: Machine) -> None:
    with kombu.Connection(release.keys["synapse_broker_url"]) as connection:
        for queue in QUEUES:
            # Passive: raises where there is none.
            connection.channel().queue_declare(queue, passive=True)
    for job in ("migrations", "topology"):
        assert release.start(release.owners()[job]).process.ended(PATIENCE) == 0


def test_the_helm_test_asks_through_the_api_and_reads_its_report(release: Machine) -> None:
    reports(release.start(release.owners()["test"]))


def test_flower_knows_every_worker_and_nobody_looks_without_the_password(release: Machine) -> None:
    (flower,) = (pod for pod in release.pods if pod.component == "flower")
    url = f"http://127.0.0.1:{flower.ports['http']}/api/workers"
    assert httpx.get(url, timeout=PATIENCE, trust_env=False).status_code == 401

    def known() -> set[str]:
        found = httpx.get(url, auth=("flora", "a-password"), params={"refresh": "1"}, timeout=PATIENCE, trust_env=False)
        return {name.partition("@")[0] for name in found.json()} if found.status_code == 200 else set()

    seen(lambda: known() >= {queue.removeprefix("synapse-") for queue in QUEUES}, "Flower knows the workers")


def test_the_exporter_tells_of_every_queue(release: Machine) -> None:
    (exporter,) = (pod for pod in release.pods if pod.component == "exporter")
    told = httpx.get(f"http://127.0.0.1:{exporter.ports['http']}/metrics", timeout=PATIENCE, trust_env=False).text
    assert all(f'queue_name="{queue}"' in told for queue in QUEUES)


def test_the_second_look_of_the_scaler_counts_an_agents_own_steps(release: Machine, model: Thinking) -> None:
    scaler = of_kind("production", "ScaledObject")["synapse-worker-fact-check"]
    (query,) = (each["metadata"]["query"] for each in scaler["spec"]["triggers"] if each["type"] == "postgresql")

    def counted() -> int:
        with psycopg.connect(release.keys["synapse_database_url"]) as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    assert counted() == 0
    model.hold("ProposedClaims")
    held = [ask(release) for _ in range(3)]
    seen(lambda: counted() == 3, "one step of each run is to be checked")
    model.go()
    for run in held:
        ended(release, run)
    assert counted() == 0


def test_a_rolling_update_of_workers_and_api_loses_nothing_and_does_nothing_twice(release: Machine, model: Thinking) -> None:
    rolled = ["api", *(f"worker-{name}" for name in HELD.values())]
    before = [pod for pod in release.pods if pod.process.running and pod.component in rolled]
    come([release.start(release.owners()[name]) for name in rolled])
    asking, runs = [], []
    for shape, name in HELD.items():
        model.hold(shape)
        # One of each is asked by `helm test`, which looks on while the API is replaced.
        asking.append(release.start(release.owners()["test"]))
        runs += occupy(release, f"worker-{name}", before)
    held = at_work(release, before)
    with ThreadPoolExecutor(len(before)) as pool:
        ends = [pool.submit(pod.terminate) for pod in before]
        for pod in before:
            assert pod.told.wait(PATIENCE), pod.name
        model.go()
        codes = {pod.name: end.result() for pod, end in zip(before, ends, strict=True)}
    assert codes == dict.fromkeys(codes, 0)
    for pod in asking:
        reports(pod)
    for run in runs:
        ended(release, run)
    # Begun by the old ones and ended by them: nothing was cut off, handed back or given to another.
    assert held <= steps(release, "state = 'succeeded'")
    assert steps(release, "attempt <> 1 AND state <> 'skipped'") == set()


def test_whatever_stays_ends_by_itself_when_the_release_goes(release: Machine) -> None:
    running = [pod for pod in release.pods if pod.process.running]
    with ThreadPoolExecutor(len(running)) as pool:
        ends = list(pool.map(Pod.terminate, running))
    assert [pod.name for pod, code in zip(running, ends, strict=True) if code is None] == []
    workers = [pod.name for pod in running if pod.component.startswith("worker-")]
    assert len(workers) == len(QUEUES)
    assert {pod.name: code for pod, code in zip(running, ends, strict=True) if pod.name in workers} == dict.fromkeys(workers, 0)


def reports(pod: Pod) -> None:
    """`helm test` ends well, with a report."""
    assert pod.process.ended(PATIENCE * 2) == 0, pod.process.tail()
    assert "scent" in pod.process.log.read_text("utf-8")


def seen(condition: Callable[[], Any], what: str) -> Any:
    """What the condition gives once it holds; looked at five times a second, for each look costs the servers something."""
    found = came(condition, PATIENCE, every=0.2)
    assert found, what
    return found


def client(release: Machine) -> httpx.Client:
    """Of the API, by its Service."""
    address = release.addresses()["synapse-api:8800"]
    return httpx.Client(base_url=f"http://{address}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE, trust_env=False)


def ask(release: Machine) -> str:
    """Begin a run; its id."""
    with client(release) as api:
        return str(api.post("/v1/runs", json={"question": QUESTION}).raise_for_status().json()["id"])


def ended(release: Machine, run: str) -> None:
    """Wait for its end, and look whether all of it is there, once."""
    with client(release) as api:
        found = seen(lambda: (it := _detail(api, run)).state.terminal and it, f"run {run} ends")
        told = api.get(f"/v1/runs/{run}/events", headers={"Accept": "application/json"}).raise_for_status().json()
    check(found, [Event.model_validate(each) for each in told])


def _detail(api: httpx.Client, run: str) -> RunDetail:
    return RunDetail.model_validate_json(api.get(f"/v1/runs/{run}").raise_for_status().content)


def occupy(release: Machine, name: str, pods: list[Pod]) -> list[str]:
    """Begin runs until one of these pods has a step; old workers and new ones take turns."""
    both = [pod for pod in release.pods if pod.component == name and pod.process.running]
    runs: list[str] = []
    seen(lambda: at_work(release, both), f"{name} takes a step")
    while not at_work(release, [pod for pod in both if pod in pods]):
        taken = at_work(release, both)
        runs.append(ask(release))
        seen(lambda taken=taken: at_work(release, both) > taken, f"{name} takes a step more")
    return runs


def at_work(release: Machine, pods: list[Pod]) -> set[str]:
    """Steps that these have now."""
    names = [f"'{socket.gethostname()}-{pid}'" for pod in pods for pid in procfs.family(pod.process.pid)]
    return steps(release, f"state = 'running' AND worker IN ({', '.join(names)})")


def steps(release: Machine, where: str) -> set[str]:
    """Of every run, those of which it is true."""
    with psycopg.connect(release.keys["synapse_database_url"]) as connection:
        found = connection.execute(f"SELECT run, node, idx FROM step WHERE {where}").fetchall()  # type: ignore[arg-type]
    return {" ".join(map(str, row)) for row in found}
