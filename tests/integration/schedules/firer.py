"""A process that fires whatever is due, again and again until nothing is; several of them race."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import SecretStr

from synapse.engine.registry import Registry
from synapse.engine.runtime import Runtime
from synapse.service.scheduler import Scheduler
from synapse.settings import BrokerSettings, EngineSettings, StorageSettings
from tests.unit.workbench import ECHO, Pending, echo
from tests.waiting import until


def runtime_of(url: str, home: Path) -> Runtime:
    """A runtime with one agent and one workflow, whose messages nobody reads."""
    (home / "workflows").mkdir(exist_ok=True)
    (home / "workflows" / "echo.yaml").write_text(ECHO)
    storage = StorageSettings(database_url=SecretStr(url), home=home)
    runtime = Runtime(
        storage, BrokerSettings(broker_url=None), EngineSettings(workflows_dir=home / "workflows"), registry=Registry({"echo": echo})
    )
    runtime.__dict__["publisher"] = Pending()
    return runtime


def main(url: str, home: Path, name: str) -> None:
    runtime = runtime_of(url, home)
    runtime.database.check_version()
    (home / f"ready-{name}").touch()
    until((home / "go").exists, "the others are there")
    scheduler, fired = Scheduler(runtime), 0
    while found := scheduler():
        fired += found
    (home / f"done-{name}").write_text(str(fired))
    runtime.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
