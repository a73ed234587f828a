"""RabbitMQ restarted, killed, cut off, out of disk and memory, and without its data."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest

from tests.chaos.apis import Apis, submit
from tests.chaos.house import House, Load, last, outage
from tests.chaos.matrix import proves
from tests.chaos.proxy import Proxy
from tests.waiting import until

MANY = 200
SHORT = """
name: short
do: {step: short, agent: test.work, with: {thing: input.thing, folder: input.folder}, timeout: 120}
"""
DISK = "{resource_limit, disk, node()}"


@proves(
    "RabbitMQ restarted, or killed and started again",
    "workers connect again by themselves; messages on disk come back, the reconciler sends what was not confirmed",
    "runs wait while it is away; new ones are accepted meanwhile",
    at={"restart": "anywhere, under load", "kill": "anywhere, under load"},
    waits="RabbitMQ's own start; then hint grace",
)
@pytest.mark.parametrize("how", ["restart", "kill"])
@pytest.mark.timeout(240)
def test_a_broker_that_goes_and_comes_back_loses_no_run(house: House, took: Callable[[float], None], how: str) -> None:
    took(outage(house, house.rabbitmq, how))


@proves(
    "RabbitMQ's data wiped",
    "every message is made again from SQL",
    "runs wait; none is lost",
    at=f"in the middle of {MANY} runs",
    waits="RabbitMQ's own start; then hint grace",
)
@pytest.mark.timeout(300)
def test_two_hundred_runs_survive_that_the_brokers_data_is_wiped(house: House, took: Callable[[float], None]) -> None:
    runs = [house.begin() for _ in range(MANY)]
    house.keep()
    for _ in range(2):
        house.workers.spawn("-P", "threads", "-c", "2")
    rows = house.client.runtime.database.driver.rows
    until(lambda: rows("SELECT 1 FROM run WHERE state = 'succeeded' LIMIT 1", {}), "the first has ended")
    gone = time.time()
    house.rabbitmq.wipe()
    assert rows("SELECT 1 FROM run WHERE finished_at > {in:ago} LIMIT 1", {"ago": gone - time.time()}), "some were still to be done"
    for run in runs:
        house.sound(run, seconds=240)
    took(last(house, runs, gone))


@proves(
    "RabbitMQ cannot be reached by a worker, and nobody is told (partition)",
    "the others get new messages for what it was to do; what it is at, it completes in SQL",
    "the run takes as much longer",
    at="anywhere, under load",
    waits="hint grace",
)
def test_a_worker_cut_off_from_the_broker_holds_nobody_up_and_is_back_when_the_network_is(
    house: House, took: Callable[[float], None]
) -> None:
    house.keep()
    with Proxy(house.rabbitmq.port) as proxy:
        house.workers.spawn("-P", "threads", "-c", "2", SYNAPSE_BROKER_URL=proxy.url(house.broker))
        house.workers.spawn("-P", "threads", "-c", "2")
        for worker in house.workers.started:
            house.workers.ready(worker)
        with Load(house) as load:
            until(lambda: len(load.runs) > 5, "load")
            proxy.freeze()
            gone = time.time()
            until(lambda: len(load.runs) > 25, "more load")
        for run in load.runs:
            house.sound(run)
        took(last(house, load.runs, gone))
        proxy.thaw()
        house.workers.started[1].kill()
        house.sound(house.begin())


@proves(
    "connection to RabbitMQ cut, again and again, while steps are under way",
    "the worker connects again and takes messages as before; what it is at, it completes in SQL",
    "nothing",
    at="in the agent, under load",
    waits="the worker's next look at the broker",
)
def test_a_worker_whose_connection_is_cut_in_the_middle_of_steps_goes_on_taking_others(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    with Proxy(house.rabbitmq.port) as proxy:
        house.workers.start("-P", "threads", "-c", "3", SYNAPSE_BROKER_URL=proxy.url(house.broker))
        for number in range(5):
            held = house.begin(SHORT, {"thing": f"blocking-{number}"})
            until((house.folder / "started-1").exists, "it is at it")
            proxy.cut()
            cut = time.time()
            runs = [house.begin() for _ in range(10)]
            until(lambda runs=runs: house.client.run(runs[0]).state.terminal, "it takes others")  # type: ignore[misc] # bound now
            (house.folder / "go").touch()
            for run in [*runs, held]:
                house.sound(run)
            for mark in ("go", "started-1"):
                (house.folder / mark).unlink()
    took(last(house, runs, cut))


@proves(
    "RabbitMQ's alarm for disk or memory: it takes no messages",
    "it says so, and nobody waits for its confirms: steps go on where they need no message; the reconciler sends the others when the alarm"
    " is over",
    "runs wait; new ones are accepted as fast as ever",
    at={"disk": "anywhere, under load", "memory": "anywhere, under load"},
    waits="the alarm; then hint grace",
)
@pytest.mark.parametrize("what", ["disk", "memory"])
def test_an_alarm_of_the_broker_holds_runs_up_and_loses_none(house: House, apis: Apis, took: Callable[[float], None], what: str) -> None:
    raise_, clear = {
        # The alarm itself: the monitor that raises it looks at the disk once in a while only.
        "disk": (
            "rabbit_alarm:set_alarm({{resource_limit, disk, node()}, []})",
            "rabbit_alarm:clear_alarm({resource_limit, disk, node()})",
        ),
        "memory": ("vm_memory_monitor:set_vm_memory_high_watermark(0.0000001)", "vm_memory_monitor:set_vm_memory_high_watermark(0.4)"),
    }[what]
    # So long that whoever waited for a confirm would be noticed by it.
    never = {"SYNAPSE_CONFIRM_TIMEOUT": "600"}
    house.workers.start("-P", "threads", "-c", "2", **never)
    api = apis.start(**never)

    def submitted() -> str:
        answer = submit(api, house.folder, str(uuid.uuid4()))
        assert answer.status_code == 202
        return str(answer.json()["id"])

    house.sound(submitted())
    house.rabbitmq.evaluate(raise_)
    raised = time.time()
    try:
        until(lambda: house.rabbitmq.evaluate("rabbit_alarm:get_alarms()") != "[]", "the alarm")
        runs = [submitted() for _ in range(10)]
        assert not any(house.client.run(run).state.terminal for run in runs)
    finally:
        house.rabbitmq.evaluate(clear)
    for run in runs:
        house.sound(run)
    took(last(house, runs, raised))
