"""The long soak, on servers of its own.

``python -m tests.chaos.soak`` is 1,000 runs of the 16-step shape and 100 research runs. The seed says what is struck when, and at
which points of the protocol workers die by themselves; it is printed first. Ends with 1 when anything is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.soak.soak import Options, soak
from tests.services import Postgres, RabbitMQ

SEED = "SYNAPSE_CHAOS_SEED"


def main() -> int:
    """Read the options, run it, print what it came to."""
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--shapes", type=int, default=default.shapes, help="runs of the 16-step shape")
    parser.add_argument("--researches", type=int, default=default.researches, help="research runs on a local corpus")
    parser.add_argument("--seconds", type=float, default=default.seconds, help="how long requests come, evenly spread")
    parser.add_argument("--every", type=float, default=default.every, help="seconds between two blows, on average")
    parser.add_argument("--workers", type=int, default=default.workers)
    parser.add_argument("--seed", type=int, default=os.environ.get(SEED), help=f"{SEED}; by default a new one")
    asked = vars(parser.parse_args())
    if asked["seed"] is None:
        asked["seed"] = random.SystemRandom().randrange(1_000_000)
    options = Options(**asked)
    again = " ".join(f"--{name} {value}" for name, value in asked.items())
    print(f"python -m tests.chaos.soak {again}", flush=True)
    with tempfile.TemporaryDirectory(prefix="synapse-soak-") as name, Postgres() as postgres, RabbitMQ() as rabbitmq:
        result = soak(options, Path(name), postgres, rabbitmq)
    print(result.text(), flush=True)
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
