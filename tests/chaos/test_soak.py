"""The short form of ``python -m tests.chaos.soak``, and the law of its plan."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from tests.absent import absent
from tests.chaos.soak.__main__ import SEED
from tests.chaos.soak.plan import DECK, plan
from tests.chaos.soak.soak import Options, soak
from tests.services import Postgres, RabbitMQ, ServiceMissing

VICTIMS = ["worker-0", "worker-1", "primary-0", "filesystem-0", "api-0", "api-1", "rabbitmq-0", "postgres-0"]


def test_the_same_seed_gives_the_same_blows_and_another_one_others() -> None:
    first, again, other = (list(islice(plan(seed, VICTIMS, 4.0, 2.0), 50)) for seed in (7, 7, 8))
    assert first == again != other


def test_every_kind_of_blow_comes_as_often_as_it_should() -> None:
    size = sum(DECK.values())
    dealt = list(islice(plan(3, VICTIMS, 4.0, 2.0), 2 * size))
    for half in (dealt[:size], dealt[size:]):
        assert {card: [blow.name for blow in half].count(" ".join(card)) for card in DECK} == DECK
    assert all(2.0 <= blow.seconds <= 6.0 for blow in dealt)
    assert {blow.how for blow in dealt if blow.pause} == {"stop"}
    assert {blow.victim for blow in dealt} == set(VICTIMS)


@pytest.mark.rabbitmq
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_runs_under_blows_all_succeed_and_nothing_is_there_twice(tmp_path: Path) -> None:
    seed = int(os.environ.get(SEED) or 1)
    print(f"{SEED}={seed} brings this back")
    options = Options(shapes=40, researches=5, seconds=15.0, every=1.0, chance=0.0004, workers=2, seed=seed, patience=500.0)
    try:
        # Its own: whoever restarts them in its course ends with it, and they do, too.
        with Postgres() as postgres, RabbitMQ() as rabbitmq:
            result = soak(options, tmp_path, postgres, rabbitmq)
    except ServiceMissing as missing:
        absent(missing)
    print(result.text())
    assert result.faults == []
    assert result.counts["runs"] == {"research succeeded": 5, "shape succeeded": 40}
